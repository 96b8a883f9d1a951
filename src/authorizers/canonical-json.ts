/**
 * JSON as Go's encoding/json writes a map: keys sorted by their UTF-8 bytes, no white space, HTML characters escaped.
 * ToolHive's config hash is over exactly these bytes.
 */
import { isJsonObject } from '../api/json.ts';
import { isWrittenAsFraction } from '../api/json-text.ts';

/** `value` is JSON that nests less deep than the stack is (the analysis checks that before). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(',')}]`;
  }
  if (isWrittenAsFraction(value)) {
    return canonicalJson(Number(value));
  }
  if (isJsonObject(value)) {
    const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${keys.map((key) => `${quote(key)}:${canonicalJson(value[key])}`).join(',')}}`;
  }
  if (typeof value === 'string') {
    return quote(value);
  }
  // ECMAScript and Go write the same shortest number, but for the sign of zero.
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}

const HTML = /[<>&\u2028\u2029]/g;

function quote(text: string): string {
  // A lone surrogate is no character; Go reads and writes U+FFFD for it.
  return JSON.stringify(text.toWellFormed()).replace(
    HTML,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
