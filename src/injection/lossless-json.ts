/**
 * JSON that is changed in one place must be the same everywhere else: numbers keep the digits they were written with,
 * also those that ECMAScript would round (proposal "JSON.parse source text access", in Node since 21).
 */
import type { JsonValue } from '../api/json.ts';

/** Not in TypeScript's library yet. */
interface RawJson {
  readonly rawJSON?: (text: string) => unknown;
}

/** @throws SyntaxError where the text is no JSON. */
export function parseLossless(text: string): JsonValue {
  const { rawJSON } = JSON as RawJson;
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? (rawJSON?.(context.source) ?? value)
      : value,
  ) as JsonValue;
}
