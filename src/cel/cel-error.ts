/** What can be wrong with an expression, or with evaluating it, and where. */
import { EvaluationError, ParseError, TypeError as CheckError } from '@marcbachmann/cel-js';
import { BudgetError } from './budget.ts';

export type CelStage = 'parse' | 'check' | 'cost' | 'evaluate';

export interface CelErrorOptions {
  readonly stage: CelStage;
  /** One line. */
  readonly message: string;
  readonly source: string;
  /** Index into `source`; absent where no part of the expression is to blame. */
  readonly offset?: number;
  readonly cause?: unknown;
}

export class CelError extends Error {
  readonly code = 'CEL';
  readonly stage: CelStage;
  /** Index into the expression, in UTF-16 units. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The expression's line and, below it, a caret. */
  readonly excerpt: string;

  constructor({ stage, message, source, offset = 0, cause }: CelErrorOptions) {
    super(message.replaceAll(/\s*\n\s*/g, ' '), { cause });
    this.name = 'CelError';
    this.stage = stage;
    this.offset = offset;
    const before = source.slice(0, offset);
    const start = before.lastIndexOf('\n') + 1;
    this.line = before.split('\n').length;
    this.column = offset - start + 1;
    this.excerpt = caret(source.slice(start).split('\n', 1).join(''), this.column);
  }
}

/** Beyond this a line is cut to what surrounds the caret. */
const WIDTH = 120;

/** A line with a caret under a column (from 1). */
export function caret(line: string, column: number): string {
  const from = column > WIDTH ? column - WIDTH / 2 : 0;
  const shown = line.slice(from, from + WIDTH);
  const indent = shown.slice(0, column - 1 - from).replaceAll(/[^\t]/g, ' ');
  return `${shown}\n${indent}^`;
}

/** The library's own functions carry a mark that no source text can contain; it is not for people's eyes. */
export const OVERRIDE_MARK = '!';

/** Any failure of the CEL library, or of a function that it called, as a {@link CelError}. */
export function celErrorOf(error: unknown, source: string, stage: CelStage): CelError {
  if (error instanceof CelError) {
    return error;
  }
  if (error instanceof BudgetError) {
    return new CelError({ stage: 'cost', message: error.message, source, cause: error });
  }
  // Stacks that ran out, strings and numbers that got too long: the expression asks for too much, not for a wrong thing.
  if (error instanceof RangeError && /call stack|invalid .*length|maximum/i.test(error.message)) {
    return new CelError({
      stage: 'cost',
      message: `the expression is too large: ${error.message}`,
      source,
      cause: error,
    });
  }
  if (error instanceof ParseError || error instanceof CheckError || error instanceof EvaluationError) {
    const { summary, range } = error;
    return new CelError({
      stage,
      message: forPeople(summary, source),
      source,
      offset: range?.start ?? 0,
      cause: error,
    });
  }
  return new CelError({ stage, message: error instanceof Error ? error.message : String(error), source, cause: error });
}

/**
 * Without our mark, and without what only the object says: a key or a text that was looked up by its value may be a
 * policy, and messages end in logs.
 */
function forPeople(summary: string, source: string): string {
  const key = /^No such key: (.*)$/s.exec(summary)?.[1];
  const quoted = /^(.*invalid string value) "/s.exec(summary)?.[1];
  if (key !== undefined && !key.startsWith('index out of bounds')) {
    return source.includes(key) ? summary : 'No such key';
  }
  return quoted ?? summary.replaceAll(`${OVERRIDE_MARK}(`, '(');
}
