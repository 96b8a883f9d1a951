/** Where a character of a YAML text stands in the file: quotes, escapes, folding and indentation lie between. */
import type { Scalar } from 'yaml';

const SPACE = /\s/;
const ESCAPE = /^\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^])/;

/**
 * Both texts are walked side by side. What is white in the value stands for the same, or for a fold, in the file; the
 * file's indentation stands for nothing. So the place of everything that is not white is exact.
 *
 * @param offset index into the scalar's value; beyond its last character means right behind that.
 */
export function positionIn(text: string, scalar: Scalar, value: string, offset: number): number {
  const end = value.trimEnd().length;
  const wanted = Math.max(0, Math.min(offset, end - 1));
  let at = startOf(text, scalar);
  for (let index = 0; ; index += 1) {
    const step = stepOver(text, at, value.charAt(index), scalar);
    if (index >= wanted || step.next > text.length) {
      return offset >= end && end > 0 ? step.next : step.at;
    }
    at = step.next;
  }
}

/** Where the content starts: behind the quote, or on the line below the header of a block. */
function startOf(text: string, { range, type }: Scalar): number {
  const start = range?.[0] ?? 0;
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') {
    const header = text.indexOf('\n', start);
    return header < 0 ? start : header + 1;
  }
  return type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE' ? start + 1 : start;
}

/** Where one character of the value stands, and where the next one may. */
function stepOver(text: string, from: number, character: string, { type }: Scalar): { at: number; next: number } {
  if (SPACE.test(character) && text[from] === character) {
    return { at: from, next: from + 1 };
  }
  const here = type === 'QUOTE_DOUBLE' ? skipContinuations(text, from) : from;
  const behindSpace = skipSpace(text, here);
  const escape = (at: number): number =>
    type === 'QUOTE_DOUBLE' ? (ESCAPE.exec(text.slice(at, at + 10))?.[0].length ?? 0) : 0;
  if (escape(here) > 0) {
    return { at: here, next: here + escape(here) };
  }
  if (SPACE.test(character) && escape(behindSpace) === 0) {
    return { at: here, next: behindSpace };
  }
  const length = escape(behindSpace) || (type === 'QUOTE_SINGLE' && text.startsWith("''", behindSpace) ? 2 : 1);
  return { at: behindSpace, next: behindSpace + length };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && SPACE.test(text.charAt(at))) {
    at += 1;
  }
  return at;
}

/** A backslash at the end of a line joins it to the next. */
function skipContinuations(text: string, from: number): number {
  let at = from;
  while (/^\\\r?\n/.test(text.slice(at, at + 3))) {
    at = skipSpace(text, at + 1);
  }
  return at;
}
