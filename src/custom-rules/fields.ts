/** Reads a YAML tree field by field. Whatever does not fit is a fault that names the field, and reading goes on. */
import { isAlias, isMap, isScalar, isSeq, type Document, type Pair, type YAMLMap } from 'yaml';
import { suggest } from '../api/suggest.ts';
import type { Source } from './fault.ts';
import { positionIn } from './scalar-position.ts';

/** A text of the file that can be pointed into. */
export interface Text {
  readonly value: string;
  /** Reports a fault at a character of the value. */
  fault(offset: number, message: string): void;
}

/** One object of the file. */
export interface Fields {
  /** E.g. `spec.validations[0]`; empty for the document. */
  readonly path: string;
  /** Reports a fault at a field's value, or at the object where the field is not there. */
  fault(field: string, message: string): void;
  has(field: string): boolean;
  /** It is not there, or a list without elements: what is wrong with an element is told elsewhere. */
  isEmpty(field: string): boolean;
  text(field: string): Text | undefined;
  /** One of a few words. */
  word<const W extends string>(field: string, allowed: readonly W[]): W | undefined;
  texts(field: string): readonly Text[] | undefined;
  /** `known` are the fields that the object may have; any other is a fault. */
  object(field: string, known: readonly string[]): Fields | undefined;
  objects(field: string, known: readonly string[]): readonly Fields[] | undefined;
  /** Texts by key. */
  map(field: string): ReadonlyMap<string, Text> | undefined;
}

export function fieldsOf(
  document: Document,
  node: unknown,
  known: readonly string[] | undefined,
  source: Source,
): Fields | undefined {
  return objectOf({ document, source }, node, '', known);
}

interface Context {
  readonly document: Document;
  readonly source: Source;
}

function objectOf(
  context: Context,
  given: unknown,
  path: string,
  known: readonly string[] | undefined,
): Fields | undefined {
  const node = resolved(context, given);
  if (!isMap(node)) {
    context.source.fault(
      offsetOf(given),
      `${path === '' ? 'the document' : path}: expected an object, not ${kindOf(node)}`,
    );
    return undefined;
  }
  if (known !== undefined) {
    refuseUnknown(context, node, path, known);
  }
  return reader(context, node, path);
}

function reader(context: Context, node: YAMLMap, path: string): Fields {
  const { source } = context;
  const nameOf = (field: string): string => (path === '' ? field : `${path}.${field}`);
  const find = (field: string): Pair | undefined => node.items.find((pair) => keyOf(pair) === field);
  const valueOf = (field: string): unknown => {
    const value = resolved(context, find(field)?.value);
    return isScalar(value) && value.value === null ? undefined : (value ?? undefined);
  };
  const text = (value: unknown, name: string): Text | undefined => textOf(context, value, name);
  const list = <T>(field: string, read: (item: unknown, name: string) => T | undefined): readonly T[] | undefined => {
    const value = valueOf(field);
    if (value === undefined) {
      return undefined;
    }
    if (!isSeq(value)) {
      source.fault(offsetOf(value), `${nameOf(field)}: expected a list, not ${kindOf(value)}`);
      return undefined;
    }
    return value.items
      .map((item, index) => read(item, `${nameOf(field)}[${String(index)}]`))
      .filter((item) => item !== undefined);
  };
  return {
    path,
    fault: (field, message) => {
      const value = valueOf(field);
      source.fault(offsetOf(value ?? node), `${nameOf(field)}: ${message}`);
    },
    has: (field) => valueOf(field) !== undefined,
    isEmpty: (field) => {
      const value = valueOf(field);
      return value === undefined || (isSeq(value) && value.items.length === 0);
    },
    text: (field) => text(valueOf(field), nameOf(field)),
    word: <const W extends string>(field: string, allowed: readonly W[]): W | undefined => {
      const given = text(valueOf(field), nameOf(field));
      const word = allowed.find((candidate) => candidate === given?.value);
      if (given !== undefined && word === undefined) {
        given.fault(
          0,
          `${nameOf(field)}: "${given.value}" is not one of ${allowed.join(', ')}${meant(given.value, allowed)}`,
        );
      }
      return word;
    },
    texts: (field) => list(field, text),
    object: (field, known) => {
      const value = valueOf(field);
      return value === undefined ? undefined : objectOf(context, value, nameOf(field), known);
    },
    objects: (field, known) => list(field, (item, name) => objectOf(context, item, name, known)),
    map: (field) => {
      const value = valueOf(field);
      const object = value === undefined ? undefined : objectOf(context, value, nameOf(field), undefined);
      return object === undefined || !isMap(value)
        ? undefined
        : new Map(
            value.items.flatMap((pair) => {
              const key = keyOf(pair);
              const entry = text(resolved(context, pair.value) ?? pair.key, `${nameOf(field)}.${key}`);
              return entry === undefined ? [] : [[key, entry] as const];
            }),
          );
    },
  };
}

function textOf({ source }: Context, value: unknown, name: string): Text | undefined {
  if (value === undefined) {
    return undefined;
  }
  if (!isScalar(value) || typeof value.value !== 'string') {
    source.fault(offsetOf(value), `${name}: expected a text, not ${kindOf(value)}`);
    return undefined;
  }
  const content = value.value;
  return {
    value: content,
    fault: (offset, message) => {
      source.fault(positionIn(source.text, value, content, offset), message);
    },
  };
}

function refuseUnknown({ source }: Context, node: YAMLMap, path: string, known: readonly string[]): void {
  for (const pair of node.items) {
    const key = keyOf(pair);
    if (!known.includes(key)) {
      const where = path === '' ? '' : `${path}: `;
      source.fault(
        offsetOf(pair.key),
        `${where}unknown field "${key}" (known are ${known.join(', ')})${meant(key, known)}`,
      );
    }
  }
}

export function meant(word: string, known: readonly string[]): string {
  const near = suggest(word, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

function resolved({ document }: Context, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '?';
}

function offsetOf(node: unknown): number {
  const range = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range : undefined;
  return range?.[0] ?? 0;
}

function kindOf(node: unknown): string {
  if (isMap(node)) {
    return 'an object';
  }
  if (isSeq(node)) {
    return 'a list';
  }
  const value: unknown = isScalar(node) ? node.value : undefined;
  return value === undefined || value === null ? 'nothing' : typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}
