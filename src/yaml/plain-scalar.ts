/**
 * What kubectl takes a scalar for. It reads YAML 1.1 with go-yaml 2 and makes JSON of it, so `yes` and `on` are booleans,
 * `014` and `0o14` are 12, `1_000` is 1000; dates and numbers to the base of 60 are text. Source: go-yaml's resolve.go.
 */
export type ScalarValue = string | number | boolean | null;

const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...spellings(['y', 'yes', 'true', 'on'], true),
  ...spellings(['n', 'no', 'false', 'off'], false),
  ...spellings(['null'], null),
  ['~', null],
  ['', null],
]);

const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
const DECIMAL = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** Behind a leading point underscores stand between digits only. */
const POINTED = /^\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?$/;

const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** Of text without quotes and without a tag. @throws Error for what JSON has no number for. */
export function plainScalar(text: string): ScalarValue {
  const word = WORDS.get(text);
  if (word !== undefined) {
    return word;
  }
  if (!/^[-+.0-9]/.test(text)) {
    return text;
  }
  if (NOT_FINITE.test(text)) {
    throw new Error(`${text} is a number that JSON does not have`);
  }
  if (text.startsWith('.')) {
    return POINTED.test(text) ? decimal(text.replaceAll('_', ''), text) : text;
  }
  const digits = text.replaceAll('_', '');
  return integer(digits) ?? (DECIMAL.test(digits) ? decimal(digits, text) : text);
}

/** Of any text with one of YAML's own tags, e.g. `!!int "5"`. @throws Error where the text is nothing of the kind. */
export function taggedScalar(tag: string, text: string): ScalarValue {
  switch (tag) {
    case 'str':
    case 'timestamp':
      return text;
    case 'binary':
      return Buffer.from(text, 'base64').toString();
    default: {
      const value = plainScalar(text);
      if (kindOf(value) !== tag && !(tag === 'float' && kindOf(value) === 'int')) {
        throw new Error(`cannot decode !!${kindOf(value)} \`${text}\` as a !!${tag}`);
      }
      return value;
    }
  }
}

export const TAGS = ['null', 'bool', 'int', 'float', 'timestamp', 'binary'] as const;

/** JSON has only text for keys. @throws Error for what kubectl has no text for. */
export function keyText(value: unknown): string {
  if (value === null || value === undefined) {
    throw new Error('null is no key; write it in quotes');
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  throw new Error('a list or a map is no key');
}

function spellings<T>(words: readonly string[], value: T): readonly (readonly [string, T])[] {
  return words.flatMap((word) =>
    [word, `${word.charAt(0).toUpperCase()}${word.slice(1)}`, word.toUpperCase()].map((spelling) => [spelling, value]),
  );
}

function integer(digits: string): number | undefined {
  const [whole, sign = '', hex, binary, octal, plain = ''] = INTEGER.exec(digits) ?? [];
  if (whole === undefined) {
    return undefined;
  }
  const size = BigInt(
    hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : octal !== undefined ? `0o${octal}` : plain,
  );
  const value = sign === '-' ? -size : size;
  // With a sign it has to fit 64 bits with one.
  const greatest = sign === '' ? MAX_UINT64 : -MIN_INT64 - 1n;
  return value >= MIN_INT64 && value <= greatest ? Number(value) : undefined;
}

function decimal(digits: string, text: string): number | string {
  const value = Number(digits);
  // kubectl's JSON has no negative zero.
  return Number.isFinite(value) ? value + 0 : text;
}

function kindOf(value: ScalarValue): string {
  if (value === null) {
    return 'null';
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'int' : 'float';
  }
  return typeof value === 'boolean' ? 'bool' : 'str';
}
