/** The value of a YAML node, as kubectl makes JSON of it: the last of equal keys counts, merge keys in their place. */
import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type Node, type Scalar, type YAMLMap } from 'yaml';
import { writtenAsFraction } from '../api/json-text.ts';
import { keyText } from './plain-scalar.ts';

export interface NodeValue {
  readonly value: unknown;
  /** Keys that stand twice in their map: the second time. */
  readonly repeated: readonly RepeatedKey[];
}

export interface RepeatedKey {
  readonly key: string;
  /** Where in the text. */
  readonly offset: number;
}

/** Nodes that aliases may stand for altogether: more than anybody writes, and what expands beyond it was made to. */
const MAX_EXPANDED = 100_000;

export interface NodeValueOptions {
  /** Keeps an integer that is written as a fraction apart, as in {@link ../api/json-text.ts}. */
  readonly markFractions: boolean;
}

/** @throws Error where it has no value: an alias in itself or without an anchor, a key that is no text. */
export function nodeValue(root: Node, document: Document, { markFractions }: NodeValueOptions): NodeValue {
  const repeated: RepeatedKey[] = [];
  const open = new Set<Node>();
  let expanded = 0;

  function valueOf(node: unknown): unknown {
    expanded += open.size > 0 ? 1 : 0;
    if (expanded > MAX_EXPANDED) {
      throw new Error('its aliases stand for too much');
    }
    if (isAlias(node)) {
      return behind(node.source, node.resolve(document), valueOf);
    }
    if (isMap(node)) {
      return mapOf(node);
    }
    if (isSeq(node)) {
      return node.items.map(valueOf);
    }
    return isScalar(node) ? scalarOf(node) : null;
  }

  /** What its text stands for was found out when it was read. */
  function scalarOf({ value, source }: Scalar): unknown {
    return markFractions && Number.isInteger(value) && /^[-+]?[\d_.]*[.eE]/.test(source ?? '')
      ? writtenAsFraction(value as number)
      : (value ?? null);
  }

  function behind<T>(name: string, target: Node | undefined, look: (node: Node) => T): T {
    if (target === undefined) {
      throw new Error(`there is no anchor "${name}"`);
    }
    if (open.has(target)) {
      throw new Error(`the anchor "${name}" contains itself`);
    }
    open.add(target);
    const found = look(target);
    open.delete(target);
    return found;
  }

  function mapOf(map: YAMLMap): object {
    const entries = new Map<string, unknown>();
    const own = new Set<string>();
    for (const { key, value } of map.items) {
      if (isMergeKey(key)) {
        merge(entries, value);
        continue;
      }
      const text = keyText(valueOf(key));
      if (own.has(text) && open.size === 0) {
        repeated.push({ key: text, offset: isNode(key) ? (key.range?.[0] ?? 0) : 0 });
      }
      own.add(text);
      entries.set(text, valueOf(value));
    }
    return Object.fromEntries(entries);
  }

  /** Over what stands before it; of several maps the first counts. */
  function merge(entries: Map<string, unknown>, source: unknown): void {
    if (isAlias(source)) {
      behind(source.source, source.resolve(document), (target) => {
        merge(entries, target);
      });
    } else if (isSeq(source)) {
      [...source.items].reverse().forEach((item) => {
        merge(entries, item);
      });
    } else if (isMap(source)) {
      Object.entries(mapOf(source)).forEach(([key, value]) => entries.set(key, value));
    } else {
      throw new Error('a merge key (<<) takes a map, or a list of maps');
    }
  }

  return { value: valueOf(root), repeated };
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (key.type === undefined || key.type === 'PLAIN') && key.source === '<<';
}
