/** JSON whose numbers are kept as they are written, because the digits decide whether one is a 64 bit integer. */
import { isJsonObject, type JsonObject } from '../api/json.ts';
import { depthExceeds } from './depth.ts';
import { positionAt } from './text-frame.ts';

export class NumberLiteral {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** The fault is the end of a sentence that begins with the text's name. */
export function parseLiteralJson(
  text: string,
  maxDepth: number,
): { readonly value: unknown } | { readonly fault: string } {
  const tooDeep = { fault: `it nests deeper than ${String(maxDepth)} levels, the limit of this check` };
  try {
    // The third argument is in ECMAScript 2025 ("JSON.parse source text access"), which the library's types lag behind.
    const reviver = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
      typeof value === 'number' ? new NumberLiteral(context?.source ?? '') : value;
    const value = JSON.parse(text, reviver) as unknown;
    return depthExceeds(value, maxDepth) ? tooDeep : { value };
  } catch (error) {
    if (error instanceof RangeError) {
      return tooDeep;
    }
    const offset = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const { line, column } = positionAt(text, offset === undefined ? text.length : Number(offset));
    const where =
      offset === undefined ? 'it ends too early' : `unexpected text at line ${String(line)}, column ${String(column)}`;
    return { fault: `it is not JSON: ${where}` };
  }
}

export function isLiteralObject(value: unknown): value is JsonObject {
  return isJsonObject(value) && !(value instanceof NumberLiteral);
}

export function isInt64({ source }: NumberLiteral): boolean {
  return /^-?\d+$/.test(source) && BigInt.asIntN(64, BigInt(source)) === BigInt(source);
}

/** What Go's sentences call it. */
export function kindOf(value: unknown): string {
  return value instanceof NumberLiteral
    ? 'number'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;
}
