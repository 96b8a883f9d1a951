/** A second opinion on a patch, by the library: what the API server gets to see leads to what was decided. */
import jsonpatch from 'jsonpatch';
import type { PatchOperation } from '../api/json-patch.ts';
import { isJsonObject, jsonEqual } from '../api/json.ts';

export function doesWhatItSays(before: unknown, patch: readonly PatchOperation[], after: unknown): boolean {
  return (
    patch.length === 0 || leads(before, patch, after) || leads(renamed(before), renamedPatch(patch), renamed(after))
  );
}

function leads(before: unknown, patch: readonly PatchOperation[], after: unknown): boolean {
  try {
    return jsonEqual(jsonpatch.apply_patch(before, patch), after);
  } catch {
    return false; // a path that does not exist
  }
}

/** The library copies by assignment, which loses a key of this name; it is asked again with another one in its place. */
const LOST = '__proto__';
const STAND_IN = '\u0000proto';

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(renamed);
  }
  return isJsonObject(value) && Object.getPrototypeOf(value) === Object.prototype
    ? Object.fromEntries(Object.entries(value).map(([key, child]) => [key === LOST ? STAND_IN : key, renamed(child)]))
    : value;
}

function renamedPatch(patch: readonly PatchOperation[]): readonly PatchOperation[] {
  return patch.map((operation) => {
    const path = operation.path
      .split('/')
      .map((segment) => (segment === LOST ? STAND_IN : segment))
      .join('/');
    return 'value' in operation ? { ...operation, path, value: renamed(operation.value) } : { ...operation, path };
  });
}
