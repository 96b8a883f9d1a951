/** The lines of an inline authorization as the lines of an MCPAuthzConfig's spec. */
import { isAlias, isMap, isNode, isScalar, visit, type Node } from 'yaml';
import { CLAIM_FIELDS } from './authorization.ts';
import { contentEnd, isFlow, type Holder } from './holder.ts';
import { lineEnd, lineStart, ownLines, shifted } from './lines.ts';
import { linesOf } from './unified-diff.ts';

/** What fields of `authzConfig` and of its `inline` are called in the config; what is not here has no place there. */
const NAMES: Readonly<Record<string, string>> = {
  policies: 'policies',
  entitiesJson: 'entities_json',
  ...CLAIM_FIELDS,
};

/** Depths of the new text. */
const SPEC = 2;
const CONFIG = 4;

/** Undefined where the lines are not there to be taken over: another style, or parts that stand elsewhere. */
export function keptLines(text: string, { key, value, column, whole, end }: Holder): readonly string[] | undefined {
  const own = whole && column !== undefined ? partsOf(text, key, value, end) : undefined;
  const inline = own?.find(({ name }) => name === 'inline');
  const within = inline === undefined ? undefined : partsOf(text, inline.key, inline.value, inline.end);
  if (own === undefined || inline === undefined || within === undefined) {
    return undefined;
  }
  const claims = own.filter(({ name }) => Object.hasOwn(CLAIM_FIELDS, name));
  const asFields = (parts: readonly Part[]): readonly string[] =>
    parts.flatMap((part) => [...moved(part.lead, part.column, CONFIG), ...renamed(part)]);
  const after = (parts: readonly Part[]): readonly string[] =>
    parts.slice(-1).flatMap(({ tail, column: from }) => moved(tail, from, CONFIG));
  const gone = own.filter(({ name }) => name !== 'inline' && !Object.hasOwn(NAMES, name));
  return [
    'spec:\n',
    ...remark(text, key, SPEC),
    ...gone.flatMap((part) => [...moved(part.lead, part.column, SPEC), ...remark(text, part.value, SPEC)]),
    `${' '.repeat(SPEC)}type: cedarv1\n`,
    ...moved(inline.lead, inline.column, SPEC),
    ...remark(text, inline.key, SPEC),
    `${' '.repeat(SPEC)}config:\n`,
    ...asFields(within),
    ...(within.some(({ name }) => name === 'entitiesJson') ? [] : [`${' '.repeat(CONFIG)}entities_json: "[]"\n`]),
    ...after(within),
    ...asFields(claims),
    ...after(own),
  ].map((line) => line.replace(/(?<!\n)$/, '\n'));
}

interface Part {
  readonly name: string;
  readonly key: Node;
  readonly value: Node;
  readonly column: number;
  /** Comments and blank lines before it. */
  readonly lead: readonly string[];
  readonly lines: readonly string[];
  /** Of the last part: what still follows within the map. */
  readonly tail: readonly string[];
  readonly end: number;
}

/** `parent` is the key of the map, `outerEnd` where its lines end. */
function partsOf(text: string, parent: Node, map: Node, outerEnd: number): readonly Part[] | undefined {
  if (!isMap(map) || isFlow(map) || hasReferences(map)) {
    return undefined;
  }
  const parts: Part[] = [];
  let from = lineEnd(text, parent.range?.[1] ?? 0);
  for (const [index, { key, value }] of map.items.entries()) {
    if (!isScalar(key) || key.type !== 'PLAIN' || !isNode(value)) {
      return undefined;
    }
    const start = key.range?.[0] ?? 0;
    const column = start - lineStart(text, start);
    if (lineStart(text, start) < from || text.slice(lineStart(text, start), start).trim() !== '') {
      return undefined;
    }
    const own = ownLines(text, start, contentEnd(value), column);
    const end = Math.min(own.end, outerEnd);
    parts.push({
      name: String(key.value),
      key,
      value,
      column,
      lead: linesOf(text.slice(from, own.start)),
      lines: linesOf(text.slice(own.start, end)),
      tail: index === map.items.length - 1 ? linesOf(text.slice(end, outerEnd)) : [],
      end,
    });
    from = end;
  }
  return parts;
}

/** Aliases, anchors and tags mean what they mean in their own document. */
function hasReferences(map: Node): boolean {
  let found = false;
  visit(map, (_key, node) => {
    found ||= isNode(node) && (isAlias(node) || node.anchor !== undefined || node.tag !== undefined);
  });
  return found;
}

function moved(lines: readonly string[], from: number, to: number): readonly string[] {
  return shifted(lines, to - from);
}

function renamed({ name, lines, column }: Part): readonly string[] {
  const [first = '', ...rest] = lines;
  const next = NAMES[name];
  return next === undefined
    ? []
    : moved([`${first.slice(0, column)}${next}${first.slice(column + name.length)}`, ...rest], column, CONFIG);
}

/** The comment at the end of the line of a part that goes, on a line of its own. */
function remark(text: string, node: Node, depth: number): readonly string[] {
  const end = node.range?.[1] ?? 0;
  const found = /^[ \t]*:?[ \t]*(#.*)/.exec(text.slice(end, lineEnd(text, end)));
  return found?.[1] === undefined ? [] : [`${' '.repeat(depth)}${found[1].trimEnd()}\n`];
}
