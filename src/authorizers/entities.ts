/**
 * `entities_json` as the proxy's Cedar library reads it (cedar-go 1.8, types.EntityMap): more lenient than the Cedar
 * project's own reader, so that one is not asked. Attributes are values in Cedar's JSON form: numbers are 64 bit
 * integers, `__entity` and `__extn` are escapes.
 */
import { property, type JsonObject } from '../api/json.ts';
import { EMPTY_RECORD, entityValue, recordOf, setOf, type CedarValue, type RecordValue } from './cedar-value.ts';
import { extensionValue, isExtensionFunction } from './extension-literal.ts';
import { sameKey } from './go-json.ts';
import { isInt64, isLiteralObject, kindOf, NumberLiteral, parseLiteralJson } from './literal-json.ts';

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

const MAX_DEPTH = 64;

/** `text` is what `entities_json` holds; "" is no entities. */
export function readEntities(text: string): EntitiesReading {
  if (text === '') {
    return { entities: [], faults: [] };
  }
  const parsed = parseLiteralJson(text, MAX_DEPTH);
  if ('fault' in parsed) {
    return { entities: [], faults: [{ place: '', message: parsed.fault }] };
  }
  if (parsed.value === null) {
    return { entities: [], faults: [] };
  }
  if (!Array.isArray(parsed.value)) {
    const message = `json: cannot unmarshal ${kindOf(parsed.value)} into Go value of type []types.Entity; expected a list of entities`;
    return { entities: [], faults: [{ place: '', message }] };
  }
  const faults: EntityFault[] = [];
  const entities = parsed.value.map((entry: unknown, index) => readEntity(entry, `[${String(index)}]`, faults));
  return { entities, faults };
}

function readEntity(entry: unknown, place: string, faults: EntityFault[]): StaticEntity {
  const nothing = { uid: undefined, parents: [], attributes: EMPTY_RECORD, tags: EMPTY_RECORD };
  if (entry === null) {
    return nothing;
  }
  if (!isLiteralObject(entry)) {
    faults.push({
      place,
      message: `json: cannot unmarshal ${kindOf(entry)} into Go value of type types.Entity; expected an object with uid, attrs and parents`,
    });
    return nothing;
  }
  // Each spelling of a key is read, and has to be readable; the last one counts.
  const last = <T>(name: string, read: (value: unknown, place: string, faults: EntityFault[]) => T): T | undefined =>
    goProperties(entry, name)
      .map((value) => read(value, `${place}.${name}`, faults))
      .at(-1);
  return {
    uid: last('uid', readUid),
    parents: last('parents', readParents) ?? [],
    attributes: last('attrs', readAttributes) ?? EMPTY_RECORD,
    tags: last('tags', readAttributes) ?? EMPTY_RECORD,
  };
}

function readAttributes(record: unknown, place: string, faults: EntityFault[]): RecordValue {
  return record === null ? EMPTY_RECORD : readRecord(record, place, faults);
}

function readParents(parents: unknown, place: string, faults: EntityFault[]): readonly EntityUid[] {
  if (parents === null) {
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
  if (!isLiteralObject(value)) {
    return undefined;
  }
  const type = optionalText(value, 'type');
  const id = optionalText(value, 'id');
  const escaped = textFields(value, '__entity', ['type', 'id']);
  if (type === INVALID || id === INVALID || escaped === INVALID) {
    return undefined;
  }
  if (escaped !== undefined) {
    return entityUid(escaped['type'] ?? '', escaped['id'] ?? '');
  }
  return implicit && type !== undefined && id !== undefined ? entityUid(type, id) : undefined;
}

/** Go reads U+FFFD for half a surrogate pair. */
function entityUid(type: string, id: string): EntityUid {
  return { type: type.toWellFormed(), id: id.toWellFormed() };
}

function readRecord(value: unknown, place: string, faults: EntityFault[]): RecordValue {
  if (!isLiteralObject(value)) {
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
    if (isInt64(value)) {
      return BigInt(value.source);
    }
    const message = `long out of range: ${value.source} is no 64 bit integer; for a fraction use {"__extn": {"fn": "decimal", "arg": "1.5"}}`;
    faults.push({ place, message });
    return undefined;
  }
  if (isLiteralObject(value)) {
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
  const extension = textFields(value, '__extn', ['fn', 'arg']);
  return extension === undefined || extension === INVALID
    ? undefined
    : { fn: extension['fn'] ?? '', arg: extension['arg'] ?? '' };
}

const INVALID: unique symbol = Symbol('of another type');

/** A text behind a pointer: null takes away what another spelling of the key has brought. */
function optionalText(object: JsonObject, name: string): string | undefined | typeof INVALID {
  let text: string | undefined;
  for (const value of goProperties(object, name)) {
    if (value !== null && typeof value !== 'string') {
      return INVALID;
    }
    text = value ?? undefined;
  }
  return text;
}

/** An object of texts behind a pointer: null takes it away; a second object is laid over the first, without its nulls. */
function textFields(
  object: JsonObject,
  name: string,
  fields: readonly string[],
): Readonly<Record<string, string>> | undefined | typeof INVALID {
  let found: Record<string, string> | undefined;
  for (const value of goProperties(object, name)) {
    if (value === null) {
      found = undefined;
      continue;
    }
    if (!isLiteralObject(value)) {
      return INVALID;
    }
    found ??= {};
    for (const field of fields) {
      for (const text of goProperties(value, field)) {
        if (text !== null && typeof text !== 'string') {
          return INVALID;
        }
        found[field] = text ?? found[field] ?? '';
      }
    }
  }
  return found;
}

/** The values of every key that Go reads for `name`, in their order. */
function goProperties(object: JsonObject, name: string): readonly unknown[] {
  return Object.keys(object)
    .filter((key) => sameKey(key, name))
    .map((key) => property(object, key));
}
