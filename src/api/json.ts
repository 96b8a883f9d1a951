/** JSON as values, and the few guards that everything else is read with. */

import { isWrittenAsFraction } from './json-text.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An own-property view of a JSON object; `JSON.parse` makes `__proto__` an ordinary own key, and so must we. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const NO_FIELDS: JsonObject = {};

/**
 * To be taken apart by names that no object inherits, which costs a third of asking for own properties one by one: what
 * JSON names `__proto__` is a property like any other. Of what is no JSON object, nothing.
 */
export function fieldsOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : NO_FIELDS;
}

/** The value of an own property; never one inherited from Object.prototype, so `constructor` is just a name. */
export function property(value: unknown, key: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The value at a path of own properties; absent and null are both `undefined`, as for Kubernetes' optional fields. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current: unknown = value;
  for (const key of path) {
    current = property(current, key);
  }
  return current ?? undefined;
}

export function stringAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** A copy of `object` with one own property set, or removed where `value` is undefined. */
export function withProperty(object: JsonObject, key: string, value: unknown): JsonObject {
  const entries = Object.entries(object).filter(([name]) => name !== key);
  // Object.fromEntries defines own properties, so a key named __proto__ stays a key.
  return Object.fromEntries(value === undefined ? entries : [...entries, [key, value]]);
}

/** Equality of JSON values; the order of keys does not count, that of elements does. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) {
    return true;
  }
  if (isWrittenAsFraction(left) || isWrittenAsFraction(right)) {
    return isNumeric(left) && isNumeric(right) && Number(left) === Number(right);
  }
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((value, i) => jsonEqual(value, right[i]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) {
    return false;
  }
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key]))
  );
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || isWrittenAsFraction(value);
}
