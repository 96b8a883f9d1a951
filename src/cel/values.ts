/** Plain JSON as the values that CEL works on. */
import { isJsonObject } from '../api/json.ts';

/** Above this a JSON number has no exact int64; it stays a double, as everything with a fraction does. */
const INT64 = 2 ** 63;

/**
 * Objects of a request do not change once they were decoded, and every expression asks about the same few, so each is
 * turned into CEL values once.
 */
const known = new WeakMap<object, unknown>();

/**
 * Integral numbers become BigInt (CEL's int), objects become Maps, fields that are null are dropped.
 *
 * - Without ints `self.replicas + 1` has no overload. JSON does not tell 1.0 from 1, so neither does this.
 * - A Map has no inherited names: a label called "constructor" is just a key.
 * - The API server drops nulls of non-nullable fields before any expression sees them, so that `has(self.x)` is false
 *   for `x: null` (Kubernetes documentation, CustomResourceDefinition, "nullable").
 *
 * Not recursive: the depth of what a user sends is no limit here. A Map is taken for a CEL value already.
 */
export function toCelValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return scalar(value);
  }
  if (value instanceof Map) {
    return value;
  }
  const found = known.get(value);
  if (found !== undefined) {
    return found;
  }
  const converted = convert(value);
  known.set(value, converted);
  return converted;
}

interface Pending {
  readonly source: object;
  readonly target: unknown[] | Map<string, unknown>;
}

function convert(root: object): unknown {
  const pending: Pending[] = [];
  const open = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) {
      return scalar(value);
    }
    const target = Array.isArray(value) ? [] : new Map<string, unknown>();
    pending.push({ source: value, target });
    return target;
  };
  const result = open(root);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    fill(next, open);
  }
  return result;
}

function fill({ source, target }: Pending, open: (value: unknown) => unknown): void {
  if (target instanceof Map) {
    for (const [key, field] of Object.entries(isJsonObject(source) ? source : {})) {
      if (field !== null && field !== undefined) {
        target.set(key, open(field));
      }
    }
    return;
  }
  for (const element of Array.isArray(source) ? source : []) {
    target.push(open(element));
  }
}

function scalar(value: unknown): unknown {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < INT64 ? BigInt(value) : value;
}
