/**
 * cel-go's ext.Strings, version 2, as the API server has it. Positions count Unicode code points, not UTF-16 units.
 */
import type { Budget } from '../budget.ts';
import { fail, type Library } from './define.ts';

/** Characters searched for, times characters searched in, for one unit: the worst case of a search. */
const SEARCH = 4096;
/** Characters that are counted one by one for a unit, where some of them take two units of UTF-16. */
const POINTS = 2;
/** Characters that are looked at for a unit, where every other one changes. */
const LETTERS = 4;

export function registerStrings({ method, budget }: Library): void {
  const searched =
    <T>(handler: (text: string, part: string, ...rest: never[]) => T) =>
    (text: string, part: string, ...rest: never[]): T => {
      budget.spend((text.length * part.length) / SEARCH + (SURROGATE.test(text) ? text.length / POINTS : 0));
      return handler(text, part, ...rest);
    };
  method(
    'string',
    'contains',
    ['string'],
    'bool',
    searched((text, part) => text.includes(part)),
  );
  method(
    'string',
    'indexOf',
    ['string'],
    'int',
    searched((text, part) => indexOf(text, part, 0n)),
  );
  method('string', 'indexOf', ['string', 'int'], 'int', searched(indexOf));
  method(
    'string',
    'lastIndexOf',
    ['string'],
    'int',
    searched((text, part) => (part === '' ? size(text) : text === '' ? -1n : lastIndexOf(text, part, size(text) - 1n))),
  );
  method('string', 'lastIndexOf', ['string', 'int'], 'int', searched(lastIndexOf));
  const counted =
    <T>(handler: (text: string, ...rest: never[]) => T) =>
    (text: string, ...rest: never[]): T => {
      budget.spend(SURROGATE.test(text) ? text.length / POINTS : 0);
      return handler(text, ...rest);
    };
  method('string', 'charAt', ['int'], 'string', counted(charAt));
  method(
    'string',
    'substring',
    ['int'],
    'string',
    counted((text, from: bigint) => substring(text, from, size(text))),
  );
  method('string', 'substring', ['int', 'int'], 'string', counted(substring));
  method('string', 'lowerAscii', [], 'string', (text: string) => {
    budget.spend(text.length / LETTERS);
    return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  });
  method('string', 'upperAscii', [], 'string', (text: string) => {
    budget.spend(text.length / LETTERS);
    return text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase());
  });
  method('string', 'trim', [], 'string', trim);
  method(
    'string',
    'split',
    ['string'],
    'list<string>',
    searched((text, separator) => split(text, separator, -1n, budget)),
  );
  method(
    'string',
    'split',
    ['string', 'int'],
    'list<string>',
    searched((text, separator, limit: bigint) => split(text, separator, limit, budget)),
  );
  method(
    'string',
    'replace',
    ['string', 'string'],
    'string',
    searched((text, old, by: string) => replace(text, old, by, -1n, budget)),
  );
  method(
    'string',
    'replace',
    ['string', 'string', 'int'],
    'string',
    searched((text, old, by: string, limit: bigint) => replace(text, old, by, limit, budget)),
  );
  method('list<string>', 'join', [], 'string', (list: unknown[]) => join(list, '', budget));
  method('list<string>', 'join', ['string'], 'string', (list: unknown[], separator: string) =>
    join(list, separator, budget),
  );
}

const SURROGATE = /[\ud800-\udfff]/;

/** Code points where that differs from UTF-16 units. */
const points = (text: string): readonly string[] | string => (SURROGATE.test(text) ? Array.from(text) : text);
const size = (text: string): bigint => BigInt(points(text).length);

function slice(text: string, from: number, to?: number): string {
  const characters = points(text);
  return typeof characters === 'string' ? characters.slice(from, to) : characters.slice(from, to).join('');
}

function outOfRange(index: bigint): never {
  return fail(`index out of range: ${String(index)}`);
}

function charAt(text: string, index: bigint): string {
  return index < 0n || index > size(text) ? outOfRange(index) : slice(text, Number(index), Number(index) + 1);
}

function substring(text: string, from: bigint, to: bigint): string {
  if (from > to) {
    return fail(`invalid substring range. start: ${String(from)}, end: ${String(to)}`);
  }
  return from < 0n ? outOfRange(from) : to > size(text) ? outOfRange(to) : slice(text, Number(from), Number(to));
}

function indexOf(text: string, part: string, from: bigint): bigint {
  if (from < 0n) {
    return outOfRange(from);
  }
  const length = size(text);
  if (part === '') {
    return from > length ? length : from;
  }
  if (from >= length) {
    return -1n;
  }
  const found = text.indexOf(part, slice(text, 0, Number(from)).length);
  return found < 0 ? -1n : size(text.slice(0, found));
}

function lastIndexOf(text: string, part: string, from: bigint): bigint {
  if (from < 0n) {
    return outOfRange(from);
  }
  const length = size(text);
  if (part === '') {
    return from > length ? length : from;
  }
  if (from >= length) {
    return -1n;
  }
  const found = text.lastIndexOf(part, slice(text, 0, Number(from)).length);
  return found < 0 ? -1n : size(text.slice(0, found));
}

/** Go's unicode.IsSpace, which differs from JavaScript's by U+0085 (is) and U+FEFF (is not). */
const isSpace = (character: string | undefined): boolean =>
  character === '\u0085' || (character !== undefined && character !== '\ufeff' && character.trim() === '');

function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text[from])) {
    from += 1;
  }
  while (to > from && isSpace(text[to - 1])) {
    to -= 1;
  }
  return text.slice(from, to);
}

/** @param limit at most so many parts, the last with the rest; negative means all. */
function split(text: string, separator: string, limit: bigint, budget: Budget): readonly string[] {
  if (limit === 0n) {
    return [];
  }
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  budget.spend(parts.length);
  const most = Number(limit);
  return limit < 0n || parts.length <= most
    ? parts
    : [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

/** @param limit at most so many replacements; negative means all. An empty `old` stands before every code point and at the end. */
function replace(text: string, old: string, by: string, limit: bigint, budget: Budget): string {
  const gaps = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  // An empty `old` yields an empty head and tail; joining them puts `by` at both ends.
  const count = limit < 0n ? gaps.length - 1 : Math.min(Number(limit), gaps.length - 1);
  budget.spend(gaps.length + (count * by.length) / 16);
  return [...gaps.slice(0, count), gaps.slice(count).join(old)].join(by);
}

function join(list: readonly unknown[], separator: string, budget: Budget): string {
  if (!list.every((value) => typeof value === 'string')) {
    return fail('no such overload: only strings can be joined');
  }
  budget.spend(list.length * (1 + separator.length / 16));
  return list.join(separator);
}
