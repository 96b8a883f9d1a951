/** A config as text, with what JSON.parse forgets: whether an integer was written as one (Go's reader cares). */
import { FractionLiteral } from './go-json.ts';

/** @throws SyntaxError where the text is not JSON. */
export function parseConfigText(text: string): unknown {
  // The third argument is in ECMAScript 2025 ("JSON.parse source text access"), which the library's types lag behind.
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source ?? '';
    return typeof value === 'number' && Number.isInteger(value) && /[.eE]/.test(source)
      ? new FractionLiteral(source)
      : value;
  });
}
