/**
 * How Go's encoding/json reads JSON into structs, because that decides what ToolHive accepts: unknown keys are ignored,
 * keys match without regard to case, null leaves what was there, and a key that comes again wins.
 * Source: Go documentation, encoding/json, func Unmarshal.
 */
import { isJsonObject } from '../api/json.ts';
import { isWrittenAsFraction } from '../api/json-text.ts';

export type GoType =
  | { readonly kind: 'string' | 'bool' | 'int' }
  | { readonly kind: 'list'; readonly of: GoType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: Readonly<Record<string, GoType>> };

export type GoStruct = Extract<GoType, { kind: 'struct' }>;

/** What a struct was filled with; a field that was not set is not there (its zero value). */
export type GoValue = string | boolean | number | readonly GoValue[] | GoRecord;
export interface GoRecord {
  readonly [field: string]: GoValue | undefined;
}

export interface GoMismatch {
  /** Relative to the struct, e.g. `policies[1]` or `http.timeout`. */
  readonly path: string;
  /** Go's own sentence. */
  readonly message: string;
}

export interface GoDecoded {
  readonly value: GoRecord;
  readonly mismatches: readonly GoMismatch[];
  /** Paths of keys that Go does not read. */
  readonly ignored: readonly string[];
  /** Paths of keys that are read for a field which another key was read for before. */
  readonly repeated: readonly string[];
}

export const STRING: GoType = { kind: 'string' };
export const BOOL: GoType = { kind: 'bool' };
export const INT: GoType = { kind: 'int' };
export function list(of: GoType): GoType {
  return { kind: 'list', of };
}
export function struct(name: string, fields: Readonly<Record<string, GoType>>): GoStruct {
  return { kind: 'struct', name, fields };
}

interface Context {
  readonly mismatches: GoMismatch[];
  readonly ignored: string[];
  readonly repeated: string[];
}

/** Where in the JSON and within which struct a value stands; Go's sentences name both. */
interface Place {
  readonly path: string;
  readonly struct: string;
  /** From the outermost struct, as Go counts: without list indexes. */
  readonly field: string;
}

/** `root` is how Go's sentences call the place of the struct itself, e.g. `cedar`. */
export function goDecode(value: unknown, type: GoStruct, root: string): GoDecoded {
  const context: Context = { mismatches: [], ignored: [], repeated: [] };
  const decoded = decodeStruct(value, type, { path: '', struct: 'Config', field: root }, {}, context);
  return {
    value: decoded,
    mismatches: context.mismatches,
    ignored: context.ignored.sort(),
    repeated: context.repeated.sort(),
  };
}

function decode(
  value: unknown,
  type: GoType,
  place: Place,
  before: GoValue | undefined,
  context: Context,
): GoValue | undefined {
  switch (type.kind) {
    case 'struct':
      return value === null
        ? undefined // our structs are behind pointers
        : decodeStruct(value, type, place, isRecord(before) ? before : {}, context);
    case 'list':
      return decodeList(value, type, place, Array.isArray(before) ? before : [], context);
    case 'string':
    case 'bool':
    case 'int':
      if (value === null) {
        return before;
      }
      if (isScalar(value, type.kind)) {
        // A lone surrogate is no character; Go reads U+FFFD for it.
        return typeof value === 'string' ? value.toWellFormed() : value;
      }
      mismatch(value, type, place, context);
      return before;
  }
}

function decodeStruct(value: unknown, type: GoStruct, place: Place, before: GoRecord, context: Context): GoRecord {
  if (!isJsonObject(value) || isWrittenAsFraction(value)) {
    mismatch(value, type, place, context);
    return before;
  }
  const result = new Map<string, GoValue | undefined>(Object.entries(before));
  const read = new Set<string>();
  // In the order of the text; what the API server sends it has sorted.
  for (const key of Object.keys(value)) {
    const field = fieldFor(key, type);
    const path = place.path === '' ? key : `${place.path}.${key}`;
    if (field === undefined) {
      context.ignored.push(path);
      continue;
    }
    const [name, fieldType] = field;
    if (read.has(name)) {
      context.repeated.push(path);
    }
    read.add(name);
    const at = { path, struct: type.name, field: `${place.field}.${name}` };
    result.set(name, decode(value[key], fieldType, at, result.get(name), context));
  }
  return Object.fromEntries([...result].filter(([, entry]) => entry !== undefined));
}

function decodeList(
  value: unknown,
  type: Extract<GoType, { kind: 'list' }>,
  place: Place,
  before: readonly GoValue[],
  context: Context,
): GoValue | undefined {
  if (value === null) {
    return undefined;
  }
  if (!Array.isArray(value)) {
    mismatch(value, type, place, context);
    return undefined;
  }
  return value.map((element: unknown, index) => {
    const at = { ...place, path: `${place.path}[${String(index)}]` };
    // Go fills the list that is there, so null leaves the element of a list that another key has brought.
    return decode(element, type.of, at, before[index], context) ?? '';
  });
}

function fieldFor(key: string, type: GoStruct): readonly [string, GoType] | undefined {
  const exact = Object.hasOwn(type.fields, key) ? key : undefined;
  const name = exact ?? Object.keys(type.fields).find((field) => sameKey(field, key));
  const found = name === undefined ? undefined : type.fields[name];
  return name === undefined || found === undefined ? undefined : [name, found];
}

/** Whether Go takes two keys for the same. */
export function sameKey(left: string, right: string): boolean {
  return fold(left) === fold(right);
}

/** Go folds by Unicode's simple folding, in which two letters outside ASCII equal one inside it. */
function fold(text: string): string {
  // The other one, the Kelvin sign, has k for its lower case.
  return text.replaceAll('\u017f', 's').toLowerCase();
}

function isScalar(value: unknown, kind: 'string' | 'bool' | 'int'): value is string | boolean | number {
  switch (kind) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      // int64, whose greatest is rounded to 2^63 here; what is written as that or more is marked as no integer.
      return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** 63;
  }
}

function isRecord(value: GoValue | undefined): value is GoRecord {
  return typeof value === 'object' && !Array.isArray(value);
}

function mismatch(value: unknown, type: GoType, { path, struct: owner, field }: Place, context: Context): void {
  context.mismatches.push({
    path,
    message: `json: cannot unmarshal ${jsonKind(value, type)} into Go struct field ${owner}.${field} of type ${goName(type)}`,
  });
}

function jsonKind(value: unknown, type: GoType): string {
  if (isWrittenAsFraction(value)) {
    return type.kind === 'int'
      ? `number ${Number.isSafeInteger(Number(value)) ? Number(value).toFixed(1) : String(BigInt(Number(value)))}`
      : 'number';
  }
  if (Array.isArray(value)) {
    return 'array';
  }
  if (typeof value === 'number') {
    return type.kind === 'int' ? `number ${String(value)}` : 'number';
  }
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function goName(type: GoType): string {
  switch (type.kind) {
    case 'struct':
      return type.name;
    case 'list':
      return `[]${goName(type.of)}`;
    case 'string':
    case 'bool':
    case 'int':
      return type.kind;
  }
}
