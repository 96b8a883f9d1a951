/** Where a workload's `authzConfig` is written, and what replaces it. */
import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import type { Manifest } from '../check/manifest.ts';
import { lineEnd, lineStart, ownLines, type Lines } from './lines.ts';
import type { Edit } from './unified-diff.ts';

export interface Holder {
  readonly key: Node;
  readonly value: Node;
  /** Column of the key, where nothing but blanks stands before it. */
  readonly column: number | undefined;
  /** Whole lines go, comments with them; else exactly the key and its value. */
  readonly whole: boolean;
  readonly start: number;
  readonly end: number;
}

/** `path` leads to the object that holds it, e.g. `spec`. */
export function findHolder(
  { file: { text }, source: { document, node } }: Manifest,
  path: readonly string[],
): Holder | { readonly refused: string } {
  let map: unknown = node;
  for (const segment of path) {
    map = isMap(map) ? ownPair(map, segment)?.value : undefined;
  }
  const pair = isMap(map) ? ownPair(map, 'authzConfig') : undefined;
  if (pair === undefined || !isNode(pair.key) || !isNode(pair.value)) {
    return { refused: 'it comes from an alias or a merge key (<<): write it out first' };
  }
  const [key, value] = [pair.key, pair.value];
  const shared = anchorUsedElsewhere(document, value);
  if (shared !== undefined) {
    return { refused: `the anchor "&${shared}" in it is used elsewhere: write it out first` };
  }
  const from = key.range?.[0] ?? 0;
  const indent = text.slice(lineStart(text, from), from);
  if (!/^ *$/.test(indent)) {
    return { key, value, column: undefined, whole: false, start: from, end: contentEnd(value) };
  }
  const end = contentEnd(value);
  return isMap(value) && !isFlow(value) && endsItsLine(text, end)
    ? { key, value, column: indent.length, whole: true, ...ownLines(text, from, end, indent.length) }
    : { key, value, column: indent.length, whole: false, start: from, end };
}

/** A pair of the map itself, not one that is merged into it. */
export function ownPair(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && String(key.value) === name);
}

export function isFlow(node: unknown): boolean {
  return isCollection(node) && node.flow === true;
}

/** Where the last thing that means something ends: before comments and blanks, but with the line break of a block text. */
export function contentEnd(node: unknown): number {
  if (isPair(node)) {
    return contentEnd(isNode(node.value) ? node.value : node.key);
  }
  if (isCollection(node) && !isFlow(node) && node.items.length > 0) {
    return contentEnd(node.items.at(-1));
  }
  return isNode(node) ? (node.range?.[1] ?? 0) : 0;
}

function endsItsLine(text: string, end: number): boolean {
  return text[end - 1] === '\n' || /^[ \t]*(#[^\n]*)?\r?$/.test(text.slice(end, lineEnd(text, end)).replace(/\n$/, ''));
}

function anchorUsedElsewhere(document: Document, value: Node): string | undefined {
  const [start, , end] = value.range ?? [0, 0, 0];
  const anchors = new Set<string>();
  visit(value, (_key, node) => {
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) {
      anchors.add(node.anchor);
    }
  });
  let found: string | undefined;
  visit(document, {
    Alias: (_key, alias) => {
      const at = alias.range?.[0] ?? 0;
      found ??= anchors.has(alias.source) && (at < start || at >= end) ? alias.source : undefined;
    },
  });
  return found;
}

/** The reference, in the style of what it replaces. */
export function referenceEdit(text: string, holder: Holder, name: string, { eol }: Lines): Edit {
  const { key, value, column, whole, start, end } = holder;
  const json = isScalar(key) && key.type === 'QUOTE_DOUBLE';
  if (json) {
    return { start, end, text: `"authzConfigRef": {"name": "${name}"}` };
  }
  if (column === undefined || isFlow(value)) {
    return { start, end, text: `authzConfigRef: {name: ${name}}` };
  }
  const step = stepOf(text, value, column);
  const block = `authzConfigRef:${eol}${' '.repeat(column + step)}name: ${name}`;
  const tail = text[end - 1] === '\n' ? eol : '';
  return { start, end, text: whole ? `${' '.repeat(column)}${block}${tail}` : block };
}

/** As deep as its own first key stood below it. */
function stepOf(text: string, value: Node, column: number): number {
  const first = isMap(value) ? value.items[0]?.key : undefined;
  const at = isNode(first) ? (first.range?.[0] ?? 0) : 0;
  const own = at - lineStart(text, at) - column;
  return own > 0 && own <= 8 ? own : 2;
}
