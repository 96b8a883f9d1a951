/** Text into objects that remember where they were written. */
import { isMap, isNode, isScalar, isSeq, LineCounter, type Document, type Node } from 'yaml';
import { isJsonObject, property } from '../../api/json.ts';
import { kubectlDocuments } from '../../yaml/kubectl-documents.ts';
import { nodeValue } from '../../yaml/node-value.ts';
import type { SourceFile, Unreadable } from './source.ts';

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

export interface RepeatedKey extends Position {
  readonly key: string;
}

/** One object of a file, before anybody asked what kind it is. */
export interface Manifest {
  readonly file: SourceFile;
  readonly value: unknown;
  /** Keys that stand twice in their map, the second time: kubectl takes the last of them, and says nothing. */
  readonly repeated: readonly RepeatedKey[];
  /** Where a field path leads, or the nearest part of it that is there. */
  readonly locate: (path: string) => Position;
  /** As it is written, for whoever edits it. */
  readonly source: { readonly document: Document; readonly node: Node };
}

export interface ReadManifests {
  readonly manifests: readonly Manifest[];
  readonly unreadable: readonly Unreadable[];
}

/** YAML and JSON alike (JSON is YAML), documents and Lists taken apart. */
export function readManifests(file: SourceFile): ReadManifests {
  const lines = new LineCounter();
  const unreadable: Unreadable[] = [];
  const manifests: Manifest[] = [];
  for (const document of kubectlDocuments(file.text, lines)) {
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

function objectsOf(document: Document, node: Node | null, file: SourceFile, lines: LineCounter): readonly Manifest[] {
  if (node === null) {
    return [];
  }
  const { value, repeated } = nodeValue(node, document, { markFractions: true });
  if (value === null) {
    return [];
  }
  const items = property(value, 'items');
  if (isList(value) && Array.isArray(items) && isMap(node)) {
    const sequence = node.get('items', true) as unknown;
    return isSeq(sequence)
      ? sequence.items.flatMap((item) => (isNode(item) ? objectsOf(document, item, file, lines) : []))
      : [];
  }
  return [
    {
      file,
      value,
      repeated: repeated.map(({ key, offset }) => ({ key, ...positionOf(offset, lines) })),
      locate: (path) => locate(node, path, lines),
      source: { document, node },
    },
  ];
}

function isList(value: unknown): boolean {
  const kind = property(value, 'kind');
  return isJsonObject(value) && typeof kind === 'string' && kind.endsWith('List');
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
  return positionOf(offset ?? 0, lines);
}

function positionOf(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function step(node: unknown, segment: string | number): { value: unknown; offset: number | undefined } | undefined {
  if (isSeq(node) && typeof segment === 'number' && segment < node.items.length) {
    return { value: node.items[segment], offset: startOf(node.items[segment]) };
  }
  const pair = isMap(node) ? node.items.findLast(({ key }) => keyText(key) === String(segment)) : undefined;
  return pair === undefined ? undefined : { value: pair.value, offset: startOf(pair.key) };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
