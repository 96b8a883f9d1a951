/** Changes to an AdmissionReview as a tree, and as bytes: arbitraries, so that a seed repeats them. */
import fc from 'fast-check';
import type { JsonObject } from '../../../src/api/json.ts';
import { HOSTILE_KEYS, HOSTILE_VALUES, placeholder, PROTO_KEY, withHostileValues } from './hostile.ts';

type Json = unknown;
type Path = readonly (string | number)[];

/** From 0 up to 1: which of the places there are. */
const share = fc.nat({ max: 0xffff }).map((value) => value / 0x10000);

/** UTF-16 units, lone surrogates among them; mostly from where it hurts. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xffff })), { maxLength })
    .map((units) => String.fromCharCode(...units));

const key = fc.oneof(
  fc.constantFrom(...HOSTILE_KEYS.map((each) => (each === '__proto__' ? PROTO_KEY : each))),
  text(8),
);
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: HOSTILE_VALUES.length - 1 }).map(placeholder) },
  { weight: 2, arbitrary: text(40) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

const treeMutation = fc.record({
  /** Mostly in the object, which is what rules read; a broken envelope is refused before. */
  within: fc.constantFrom('object', 'object', 'object', 'oldObject', 'request', 'everywhere'),
  where: share,
  how: fc.constantFrom('replace', 'remove', 'add', 'rename', 'wrap', 'repeat', 'copy'),
  from: share,
  key,
  value,
});
type TreeMutation = typeof treeMutation extends fc.Arbitrary<infer T> ? T : never;

const byteMutation = fc.record({
  where: share,
  how: fc.constantFrom('flip', 'insert', 'remove', 'repeat', 'cut', 'move'),
  from: share,
  length: fc.nat({ max: 64 }),
  bytes: fc.oneof(
    fc
      .constantFrom(
        '',
        '{',
        '}',
        '[',
        '"',
        '\\',
        '\\u',
        ',,',
        ':',
        '9e9',
        '\u0000',
        '//',
        '{"__proto__":',
        '"uid":"x",',
      )
      .map((text) => Buffer.from(text)),
    fc
      .constantFrom([0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xef, 0xbb, 0xbf])
      .map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  ),
});
type ByteMutation = typeof byteMutation extends fc.Arbitrary<infer T> ? T : never;

export const treeMutations = fc.array(treeMutation, { minLength: 1, maxLength: 4 });
export const byteMutations = fc.array(byteMutation, { minLength: 1, maxLength: 3 });

export function mutateTree(review: JsonObject, mutations: readonly TreeMutation[]): string {
  const root = { review: structuredClone(review) };
  for (const mutation of mutations) {
    applyToTree(root, mutation);
  }
  return withHostileValues(JSON.stringify(root.review));
}

function applyToTree(root: object, { within, where, how, from, key: name, value: fresh }: TreeMutation): void {
  const paths = pathsOf(root);
  const inside = paths.filter((path) => path[1] === 'request' && (path[2] === within || within === 'request'));
  const path = pick(inside.length === 0 || within === 'everywhere' ? paths : inside, where);
  const parent = valueAt(root, path.slice(0, -1)) as Record<string, Json>;
  const last = path.at(-1) ?? '';
  const current = parent[last];
  switch (how) {
    case 'replace':
      parent[last] = fresh;
      return;
    case 'remove':
      if (Array.isArray(parent)) {
        parent.splice(Number(last), 1);
      } else if (path.length > 1) {
        Reflect.deleteProperty(parent, last);
      }
      return;
    case 'add':
      if (typeof current === 'object' && current !== null) {
        (current as Record<string, Json>)[Array.isArray(current) ? current.length : name] = fresh;
      }
      return;
    case 'rename':
      if (!Array.isArray(parent) && path.length > 1) {
        Reflect.deleteProperty(parent, last);
        parent[name] = current;
      }
      return;
    case 'wrap':
      parent[last] = name.length % 2 === 0 ? [current] : { [name]: current };
      return;
    case 'repeat':
      parent[last] = Array.isArray(current) ? [...(current as Json[]), ...(current as Json[])] : [current, current];
      return;
    case 'copy':
      parent[last] = structuredClone(valueAt(root, pick(paths, from)));
  }
}

/** Where something is, from the outside in; a tree that mutations let grow is not walked for ever. */
function pathsOf(root: object): readonly Path[] {
  const paths: Path[] = [];
  const visit = (node: Json, path: Path): void => {
    if (typeof node !== 'object' || node === null || paths.length > 2000) {
      return;
    }
    for (const [name, child] of Object.entries(node)) {
      paths.push([...path, name]);
      visit(child, [...path, name]);
    }
  };
  visit(root, []);
  return paths;
}

function valueAt(root: Json, path: Path): Json {
  return path.reduce((node, name) => (node as Record<string, Json>)[name], root);
}

function pick<T>(items: readonly T[], at: number): T {
  return items[Math.floor(at * items.length)] as T; // never empty
}

export function mutateBytes(original: Buffer, mutations: readonly ByteMutation[]): Buffer {
  return mutations.reduce(applyToBytes, original);
}

function applyToBytes(body: Buffer, { where, how, from, length, bytes }: ByteMutation): Buffer {
  const at = Math.floor(where * (body.length + 1));
  const source = Math.floor(from * (body.length + 1));
  const before = body.subarray(0, at);
  switch (how) {
    case 'flip': {
      const flipped = Buffer.from(body);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (length % 8));
      return flipped;
    }
    case 'insert':
      return Buffer.concat([before, bytes, body.subarray(at)]);
    case 'remove':
      return Buffer.concat([before, body.subarray(at + length)]);
    case 'repeat':
      return Buffer.concat([before, body.subarray(source, source + length), body.subarray(at)]);
    case 'cut':
      return length % 4 === 0 ? before : Buffer.concat([before, bytes, body.subarray(at + bytes.length)]);
    case 'move':
      return Buffer.concat([before, body.subarray(source), body.subarray(at, source)]);
  }
}
