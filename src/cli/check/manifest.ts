/** Text into objects that remember where they were written. */
import { isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml';
import { isJsonObject, property } from '../../api/json.ts';
import { writtenAsFraction } from '../../api/json-text.ts';
import type { SourceFile, Unreadable } from './source.ts';

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

/** One object of a file, before anybody asked what kind it is. */
export interface Manifest {
  readonly file: SourceFile;
  readonly value: unknown;
  /** Where a field path leads, or the nearest part of it that is there. */
  readonly locate: (path: string) => Position;
  /** As it is written, for whoever edits it. */
  readonly source: { readonly document: Document; readonly node: Node };
}

export interface ReadManifests {
  readonly manifests: readonly Manifest[];
  readonly unreadable: readonly Unreadable[];
}

/** More than anybody writes by hand; what expands beyond it was made to. */
const MAX_ALIASES = 100;

/** YAML and JSON alike (JSON is YAML), documents and Lists taken apart. */
export function readManifests(file: SourceFile): ReadManifests {
  const lines = new LineCounter();
  const unreadable: Unreadable[] = [];
  const manifests: Manifest[] = [];
  for (const document of documentsOf(file.text, lines)) {
    const [error] = document.errors;
    if (error !== undefined) {
      const { line } = lines.linePos(error.pos[0]);
      unreadable.push({ file: file.name, line, message: error.message.split('\n')[0] ?? error.message });
      continue;
    }
    try {
      manifests.push(...objectsOf(document, document.contents, file, lines));
    } catch (cause) {
      unreadable.push({ file: file.name, message: cause instanceof Error ? cause.message : String(cause) });
    }
  }
  return { manifests, unreadable };
}

/**
 * YAML 1.1, because kubectl reads that: `yes` and `on` are booleans. Of its other types, kubectl knows neither dates
 * nor numbers to the base of 60.
 */
function documentsOf(text: string, lineCounter: LineCounter): readonly Document[] {
  return parseAllDocuments(text, {
    lineCounter,
    version: '1.1',
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === 'string' || !(/:(timestamp|binary|omap|pairs|set)$/.test(tag.tag) || tag.format === 'TIME'),
      ),
  });
}

function objectsOf(document: Document, node: Node | null, file: SourceFile, lines: LineCounter): readonly Manifest[] {
  const value: unknown = node === null ? undefined : valueOf(document, node);
  if (node === null || value === undefined || value === null) {
    return [];
  }
  const items = property(value, 'items');
  if (isList(value) && Array.isArray(items) && isMap(node)) {
    const sequence = node.get('items', true) as unknown;
    return isSeq(sequence)
      ? sequence.items.flatMap((item) => (isNode(item) ? objectsOf(document, item, file, lines) : []))
      : [];
  }
  return [{ file, value, locate: (path) => locate(node, path, lines), source: { document, node } }];
}

function isList(value: unknown): boolean {
  const kind = property(value, 'kind');
  return isJsonObject(value) && typeof kind === 'string' && kind.endsWith('List');
}

/** `1.0` stays apart from `1`, as in {@link ../../api/json-text.ts}. */
function valueOf(document: Document, node: Node): unknown {
  return mark(node.toJS(document, { maxAliasCount: MAX_ALIASES }), node);
}

function mark(value: unknown, node: unknown): unknown {
  if (isScalar(node)) {
    return typeof value === 'number' && Number.isInteger(value) && /^[-+]?[\d.]+[.eE]/.test(node.source ?? '')
      ? writtenAsFraction(value)
      : value;
  }
  if (isSeq(node) && Array.isArray(value)) {
    return value.map((element: unknown, index) => mark(element, node.items[index]));
  }
  if (isMap(node) && isJsonObject(value)) {
    const nodes = new Map(node.items.map(({ key, value: child }) => [keyText(key), child]));
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mark(child, nodes.get(key))]));
  }
  return value;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

/** `spec.config.policies[2]` as `spec`, `config`, `policies`, 2. */
function segments(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(([, index, quoted, name]) =>
    index === undefined ? (quoted ?? name ?? '') : Number(index),
  );
}

/** The key where there is one, since that is what a person looks for. */
function locate(root: Node | null, path: string, lines: LineCounter): Position {
  let node: unknown = root;
  let offset = startOf(root);
  for (const segment of segments(path)) {
    const found = step(node, segment);
    if (found === undefined) {
      break;
    }
    node = found.value;
    offset = found.offset ?? offset;
  }
  const { line, col } = lines.linePos(offset ?? 0);
  return { line, column: col };
}

function step(node: unknown, segment: string | number): { value: unknown; offset: number | undefined } | undefined {
  if (isSeq(node) && typeof segment === 'number' && segment < node.items.length) {
    return { value: node.items[segment], offset: startOf(node.items[segment]) };
  }
  const pair = isMap(node) ? node.items.find(({ key }) => keyText(key) === String(segment)) : undefined;
  return pair === undefined ? undefined : { value: pair.value, offset: startOf(pair.key) };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
