import { isJsonObject } from '../api/json.ts';

/**
 * A copy without null fields: the API server drops nulls of non-nullable fields before any expression sees them, so
 * that `has(self.x)` is false for `x: null` (Kubernetes documentation, CustomResourceDefinition, "nullable").
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutNulls);
  }
  if (!isJsonObject(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([key, field]) => [key, withoutNulls(field)]),
  );
}
