/**
 * A config under the names by which ToolHive reads it. Go takes a field's name in any case, so a rule that looks for
 * `insecure_skip_verify` would else be passed by with `Insecure_Skip_Verify`.
 * Source: Go documentation, encoding/json, func Unmarshal; ToolHive's own field names are all lower case.
 */
import { isJsonObject, type JsonObject } from '../api/json.ts';

/** Everything as it was written, and under each lower-case name what Go ends up with. */
export function effectiveConfig(config: unknown): unknown {
  if (!isJsonObject(config)) {
    return config;
  }
  const read = new Map<string, unknown>();
  // Sorted, as the API server writes them: the last one wins.
  for (const key of Object.keys(config).sort()) {
    const name = fold(key);
    read.set(name, merged(read.get(name), effectiveConfig(config[key])));
  }
  // Object.fromEntries defines own properties, so a key named __proto__ stays a key.
  return Object.fromEntries([...Object.entries(config), ...read]);
}

/** Null empties what holds others and leaves a single value as it is; an object is filled further. */
function merged(before: unknown, after: unknown): unknown {
  if (after === null) {
    return typeof before === 'object' ? null : before;
  }
  return isJsonObject(before) && isJsonObject(after) ? fields(before, after) : after;
}

function fields(before: JsonObject, after: JsonObject): JsonObject {
  const shared = Object.keys(after).filter((key) => Object.hasOwn(before, key));
  return Object.fromEntries([
    ...Object.entries(before),
    ...Object.entries(after),
    ...shared.map((key) => [key, merged(before[key], after[key])] as const),
  ]);
}

/** Two letters outside ASCII equal one inside it. */
function fold(name: string): string {
  return name.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase();
}
