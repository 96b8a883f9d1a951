/**
 * Cedar's values at run time, as the proxy's engine (cedar-go 1.8, types) holds and compares them. Integers are bigint,
 * so that every 64 bit one is exact; decimals, datetimes and durations are counts of their smallest unit.
 */

export interface EntityValue {
  readonly kind: 'entity';
  readonly type: string;
  readonly id: string;
}

export interface SetValue {
  readonly kind: 'set';
  /** By {@link keyOf}: equal elements are one. */
  readonly elements: ReadonlyMap<string, CedarValue>;
}

export interface RecordValue {
  readonly kind: 'record';
  readonly fields: ReadonlyMap<string, CedarValue>;
}

export interface IpValue {
  readonly kind: 'ip';
  readonly family: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;
}

export interface CountValue {
  readonly kind: 'decimal' | 'datetime' | 'duration';
  /** Ten-thousandths of a decimal, milliseconds of the others; 64 bit. */
  readonly count: bigint;
}

export type CedarValue = boolean | bigint | string | EntityValue | SetValue | RecordValue | IpValue | CountValue;

export const EMPTY_RECORD: RecordValue = { kind: 'record', fields: new Map() };

export function entityValue(type: string, id: string): EntityValue {
  return { kind: 'entity', type, id };
}

export function setOf(values: Iterable<CedarValue>): SetValue {
  const elements = new Map<string, CedarValue>();
  for (const value of values) {
    elements.set(keyOf(value), value);
  }
  return { kind: 'set', elements };
}

export function recordOf(fields: Iterable<readonly [string, CedarValue]>): RecordValue {
  return { kind: 'record', fields: new Map(fields) };
}

/** Two values are equal, in Cedar's sense, exactly where their keys are. Each part says how long it is. */
export function keyOf(value: CedarValue): string {
  if (typeof value !== 'object') {
    return typeof value === 'string' ? `s${value}` : typeof value === 'bigint' ? `l${String(value)}` : String(value);
  }
  switch (value.kind) {
    case 'entity':
      return entityKey(value.type, value.id);
    case 'ip':
      return `ip${String(value.family)}:${String(value.address)}/${String(value.prefix)}`;
    case 'decimal':
    case 'datetime':
    case 'duration':
      return `${value.kind}${String(value.count)}`;
    case 'set':
    case 'record': {
      const known = KEYS.get(value) ?? compositeKey(value);
      KEYS.set(value, known);
      return known;
    }
  }
}

/** Of sets and records, because a policy may name one as often as it likes. */
const KEYS = new WeakMap<SetValue | RecordValue, string>();

function compositeKey(value: SetValue | RecordValue): string {
  if (value.kind === 'set') {
    return `set${[...value.elements.keys()].sort().map(sized).join('')}`;
  }
  const names = [...value.fields.keys()].sort();
  return `record${names.map((name) => sized(name) + sized(keyOf(value.fields.get(name) ?? false))).join('')}`;
}

/** Under which an entity is found; a type may hold any character, so its length comes first. */
export function entityKey(type: string, id: string): string {
  return `e${String(type.length)}:${type}${id}`;
}

function sized(text: string): string {
  return `${String(text.length)}:${text}`;
}

export function equal(left: CedarValue, right: CedarValue): boolean {
  return left === right || (typeof left === 'object' && typeof right === 'object' && keyOf(left) === keyOf(right));
}

/** In the words of the engine's type errors. */
export function typeName(value: CedarValue): string {
  if (typeof value === 'object') {
    return value.kind === 'entity' ? `(entity of type \`${value.type}\`)` : value.kind === 'ip' ? 'IP' : value.kind;
  }
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'long' : 'string';
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\t': '\\t',
  '\r': '\\r',
  '\n': '\\n',
  '\\': '\\\\',
  '"': '\\"',
  "'": "\\'",
};
/** Whatever would not show, or would show as something else. */
const UNPRINTABLE = /[\0\t\r\n\\"']|\p{C}|\p{Zl}|\p{Zp}|(?! )\p{Zs}/gu;

/** `Tool::"weather"`, escaped so that it is one line. */
export function entityText({ type, id }: EntityValue): string {
  const escaped = id.replace(
    UNPRINTABLE,
    (character) => ESCAPES[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `${type}::"${escaped}"`;
}

const TWO_TO_63 = 2 ** 63;

/**
 * A JSON number as ToolHive hands it to the engine: always a decimal, cut (not rounded) after four places; undefined, and
 * so absent, where it does not fit. The multiplication is in floating point there, too.
 */
export function decimalOfNumber(number: number): CountValue | undefined {
  const scaled = number * 10_000;
  // Written so that NaN, which YAML can say, does not fit either.
  if (!(Math.abs(scaled) <= TWO_TO_63)) {
    return undefined;
  }
  return { kind: 'decimal', count: BigInt.asIntN(64, BigInt(Math.trunc(scaled))) };
}

const INT64_MAX = 2n ** 63n - 1n;

export function fitsInt64(value: bigint): boolean {
  return value <= INT64_MAX && value >= -INT64_MAX - 1n;
}
