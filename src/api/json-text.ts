/**
 * JSON text as values, with what `JSON.parse` forgets and Go's reader refuses: an integer that was written as a
 * fraction (`1.0`, `1e3`) or does not fit 64 bits, where an int is expected. It becomes a Number object, which structured clones and
 * `JSON.stringify` carry along. The API server itself writes such a number as `1` before anybody sees it.
 */

/** Cheap enough to be asked of every body; a hit costs a slower parse, nothing else. */
const PERHAPS_NO_INTEGER = /[:[,]\s*-?\d(?:\d*\.0+\s*[,}\]]|[\d.]*[eE]|[\d.]{15,})/;

/** @throws SyntaxError where the text is not JSON. */
export function parseJson(text: string): unknown {
  if (!PERHAPS_NO_INTEGER.test(text)) {
    return JSON.parse(text);
  }
  // The third argument is in ECMAScript 2025 ("JSON.parse source text access"), which the library's types lag behind.
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && Number.isInteger(value) && !isInteger(context?.source ?? '')
      ? writtenAsFraction(value)
      : value,
  );
}

/** Of 64 bits; a number of the language may be rounded to one that the text is not. */
function isInteger(source: string): boolean {
  return /^-?\d+$/.test(source) && (source.length < 19 || BigInt.asIntN(64, BigInt(source)) === BigInt(source));
}

/** Marks an integer as one that was not written as one. */
export function writtenAsFraction(value: number): object {
  return Object(value) as object;
}

/** By its tag, since a clone may come from another realm. */
export function isWrittenAsFraction(value: unknown): value is object {
  return typeof value === 'object' && Object.prototype.toString.call(value) === '[object Number]';
}

/**
 * JSON text for a key: the same only where the values are the same. `JSON.stringify` has one text for `1e999` and `null`,
 * one for `-0` and `0`, and one for `1.0` and `1`, which readers tell apart. @throws RangeError where it nests too deep.
 */
export function distinctJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (isWrittenAsFraction(part)) {
      const number = Number(part);
      return rawJson(`${plain(number)}${String(number).includes('e') ? '' : '.0'}`);
    }
    return typeof part === 'number' && (!Number.isFinite(part) || Object.is(part, -0)) ? rawJson(plain(part)) : part;
  });
}

/** A number as JSON has it, with its sign. `JSON.parse` reads Infinity where a number is too large. */
function plain(number: number): string {
  if (Number.isFinite(number)) {
    return Object.is(number, -0) ? '-0' : String(number);
  }
  return number < 0 ? '-1e999' : '1e999';
}

/** In ECMAScript 2025 as well, and in every Node that is supported. */
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => object };
