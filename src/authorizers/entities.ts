/**
 * `entities_json` as the proxy's Cedar library reads it (cedar-go 1.8, types.EntityMap): more lenient than the Cedar
 * project's own reader, so that one is not asked. Attributes are values in Cedar's JSON form: numbers are 64 bit
 * integers, `__entity` and `__extn` are escapes.
 */
import { isJsonObject, property, type JsonObject } from '../api/json.ts';
import { EMPTY_RECORD, entityValue, recordOf, setOf, type CedarValue, type RecordValue } from './cedar-value.ts';
import { depthExceeds } from './depth.ts';
import { extensionValue, isExtensionFunction } from './extension-literal.ts';
import { positionAt } from './text-frame.ts';

export interface EntityUid {
  readonly type: string;
  readonly id: string;
}

export interface StaticEntity {
  /** Undefined where the entry has none; the proxy then knows it by an empty type and id. */
  readonly uid: EntityUid | undefined;
  readonly parents: readonly EntityUid[];
  readonly attributes: RecordValue;
  readonly tags: RecordValue;
}

export interface EntityFault {
  /** Within the JSON, e.g. `[0].attrs.owner`; empty for the whole. */
  readonly place: string;
  readonly message: string;
}

export interface EntitiesReading {
  readonly entities: readonly StaticEntity[];
  readonly faults: readonly EntityFault[];
}

/** A JSON number as it is written: the digits decide whether it is a 64 bit integer. */
class NumberLiteral {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

const MAX_DEPTH = 64;

/** `text` is what `entities_json` holds; "" is no entities. */
export function readEntities(text: string): EntitiesReading {
  if (text === '') {
    return { entities: [], faults: [] };
  }
  const parsed = parse(text);
  if ('fault' in parsed) {
    return { entities: [], faults: [parsed.fault] };
  }
  if (parsed.value === null) {
    return { entities: [], faults: [] };
  }
  if (depthExceeds(parsed.value, MAX_DEPTH)) {
    return {
      entities: [],
      faults: [{ place: '', message: `it nests deeper than ${String(MAX_DEPTH)} levels, the limit of this check` }],
    };
  }
  if (!Array.isArray(parsed.value)) {
    return {
      entities: [],
      faults: [
        {
          place: '',
          message: `json: cannot unmarshal ${kindOf(parsed.value)} into Go value of type []types.Entity; expected a list of entities`,
        },
      ],
    };
  }
  const faults: EntityFault[] = [];
  const entities = parsed.value.map((entry: unknown, index) => readEntity(entry, `[${String(index)}]`, faults));
  return { entities, faults };
}

function parse(text: string): { readonly value: unknown } | { readonly fault: EntityFault } {
  try {
    // The third argument is in ECMAScript 2025 ("JSON.parse source text access"), which the library's types lag behind.
    const reviver = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
      typeof value === 'number' ? new NumberLiteral(context?.source ?? '') : value;
    return { value: JSON.parse(text, reviver) as unknown };
  } catch (error) {
    if (error instanceof RangeError) {
      return {
        fault: { place: '', message: `it nests deeper than ${String(MAX_DEPTH)} levels, the limit of this check` },
      };
    }
    const offset = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const { line, column } = positionAt(text, offset === undefined ? text.length : Number(offset));
    const where =
      offset === undefined ? 'it ends too early' : `unexpected text at line ${String(line)}, column ${String(column)}`;
    return { fault: { place: '', message: `it is not JSON: ${where}` } };
  }
}

function readEntity(entry: unknown, place: string, faults: EntityFault[]): StaticEntity {
  const nothing = { uid: undefined, parents: [], attributes: EMPTY_RECORD, tags: EMPTY_RECORD };
  if (entry === null) {
    return nothing;
  }
  if (!isPlainObject(entry)) {
    faults.push({
      place,
      message: `json: cannot unmarshal ${kindOf(entry)} into Go value of type types.Entity; expected an object with uid, attrs and parents`,
    });
    return nothing;
  }
  const uid = goProperty(entry, 'uid');
  return {
    uid: uid === undefined ? undefined : readUid(uid, `${place}.uid`, faults),
    parents: readParents(goProperty(entry, 'parents'), `${place}.parents`, faults),
    attributes: readAttributes(goProperty(entry, 'attrs'), `${place}.attrs`, faults),
    tags: readAttributes(goProperty(entry, 'tags'), `${place}.tags`, faults),
  };
}

function readAttributes(record: unknown, place: string, faults: EntityFault[]): RecordValue {
  return record === undefined || record === null ? EMPTY_RECORD : readRecord(record, place, faults);
}

function readParents(parents: unknown, place: string, faults: EntityFault[]): readonly EntityUid[] {
  if (parents === undefined || parents === null) {
    return [];
  }
  if (!Array.isArray(parents)) {
    faults.push({ place, message: `expected a list of {"type": …, "id": …}, not a ${kindOf(parents)}` });
    return [];
  }
  return parents
    .map((parent: unknown, index) => readUid(parent, `${place}[${String(index)}]`, faults))
    .filter((uid) => uid !== undefined);
}

function readUid(value: unknown, place: string, faults: EntityFault[]): EntityUid | undefined {
  const uid = entityOf(value, true);
  if (uid === undefined) {
    const why =
      typeof value === 'string'
        ? 'json: cannot unmarshal string into Go struct field Entity.uid of type types.entityValueJSON; '
        : '';
    faults.push({ place, message: `${why}expected {"type": "…", "id": "…"}` });
  }
  return uid;
}

/** `{type, id}` where `implicit`, or `{"__entity": {type, id}}`; undefined for anything else. */
function entityOf(value: unknown, implicit: boolean): EntityUid | undefined {
  if (!isPlainObject(value)) {
    return undefined;
  }
  const [type, id, escaped] = ['type', 'id', '__entity'].map((name) => goProperty(value, name));
  if (
    !isOptionalString(type) ||
    !isOptionalString(id) ||
    !(escaped === undefined || escaped === null || isPlainObject(escaped))
  ) {
    return undefined;
  }
  if (isPlainObject(escaped)) {
    const [innerType, innerId] = ['type', 'id'].map((name) => goProperty(escaped, name));
    return isOptionalString(innerType) && isOptionalString(innerId)
      ? entityUid(innerType ?? '', innerId ?? '')
      : undefined;
  }
  return implicit && typeof type === 'string' && typeof id === 'string' ? entityUid(type, id) : undefined;
}

/** Go reads U+FFFD for half a surrogate pair. */
function entityUid(type: string, id: string): EntityUid {
  return { type: type.toWellFormed(), id: id.toWellFormed() };
}

function readRecord(value: unknown, place: string, faults: EntityFault[]): RecordValue {
  if (!isPlainObject(value)) {
    faults.push({ place, message: `expected an object of attributes, not a ${kindOf(value)}` });
    return EMPTY_RECORD;
  }
  return recordOf(
    Object.entries(value).flatMap(([key, attribute]) => {
      const read = readValue(attribute, `${place}.${key}`, faults);
      return read === undefined ? [] : [[key.toWellFormed(), read] as const];
    }),
  );
}

/** Undefined where there is a fault. */
function readValue(value: unknown, place: string, faults: EntityFault[]): CedarValue | undefined {
  if (Array.isArray(value)) {
    const elements = value.map((element: unknown, index) => readValue(element, `${place}[${String(index)}]`, faults));
    return setOf(elements.filter((element) => element !== undefined));
  }
  if (value instanceof NumberLiteral) {
    if (isInt64(value.source)) {
      return BigInt(value.source);
    }
    const message = `long out of range: ${value.source} is no 64 bit integer; for a fraction use {"__extn": {"fn": "decimal", "arg": "1.5"}}`;
    faults.push({ place, message });
    return undefined;
  }
  if (isPlainObject(value)) {
    return readObjectValue(value, place, faults);
  }
  if (typeof value === 'string') {
    return value.toWellFormed();
  }
  if (typeof value === 'boolean') {
    return value;
  }
  faults.push({ place, message: 'unsupported type: null is no Cedar value; leave the attribute out' });
  return undefined;
}

function readObjectValue(value: JsonObject, place: string, faults: EntityFault[]): CedarValue | undefined {
  const extension = extensionOf(value);
  if (extension !== undefined) {
    const { fn, arg } = extension;
    const read = isExtensionFunction(fn) ? extensionValue(fn, arg) : undefined;
    if (read === undefined) {
      faults.push({ place, message: `invalid extension value: ${fn}("${arg}")` });
    }
    return read;
  }
  const uid = entityOf(value, false);
  return uid === undefined ? readRecord(value, place, faults) : entityValue(uid.type, uid.id);
}

function extensionOf(value: JsonObject): { readonly fn: string; readonly arg: string } | undefined {
  const extension = goProperty(value, '__extn');
  if (!isPlainObject(extension)) {
    return undefined;
  }
  const [fn, arg] = ['fn', 'arg'].map((name) => goProperty(extension, name));
  return isOptionalString(fn) && isOptionalString(arg) ? { fn: fn ?? '', arg: arg ?? '' } : undefined;
}

/** As Go matches keys: without regard to case; the last one wins. */
function goProperty(object: JsonObject, name: string): unknown {
  const keys = Object.keys(object).filter((key) => key.toLowerCase() === name);
  return property(object, keys.at(-1) ?? name);
}

function isOptionalString(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === 'string';
}

function isPlainObject(value: unknown): value is JsonObject {
  return isJsonObject(value) && !(value instanceof NumberLiteral);
}

function isInt64(source: string): boolean {
  return /^-?\d+$/.test(source) && BigInt.asIntN(64, BigInt(source)) === BigInt(source);
}

function kindOf(value: unknown): string {
  return value instanceof NumberLiteral
    ? 'number'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;
}
