/** `matches`, `find` and `findAll` in RE2's syntax and in linear time, as Go has them. */
import { RE2JS } from 're2js';
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Budget } from '../budget.ts';
import { fail, type Library } from './define.ts';

/** A pattern repeats at most 1000 times by RE2's own rule; this bounds what it becomes when it is compiled. */
const MAX_PATTERN = 1024;
const MAX_PROGRAM = 32 * 1024;
const REPETITION = /\{(\d+)(?:,(\d*))?\}/g;

/** Measured with re2js 2.10: 1.6 µs an instruction to compile, 15-300 ns a character to match, longer for long programs. */
const COMPILE_UNITS = 20;
const FIND_FACTOR = 8;
const KEPT = 64;

export function registerRegex({ method, budget }: Library): void {
  const patterns = createPatterns(budget);
  method('string', 'matches', ['string'], 'bool', (text: string, pattern: string) => {
    const compiled = patterns(pattern);
    budget.spend(matchUnits(compiled, text));
    return compiled.test(text);
  });
  method(
    'string',
    'find',
    ['string'],
    'string',
    (text: string, pattern: string) => findAll(patterns(pattern), text, 1n, budget)[0] ?? '',
  );
  method('string', 'findAll', ['string'], 'list<string>', (text: string, pattern: string) =>
    findAll(patterns(pattern), text, -1n, budget),
  );
  method('string', 'findAll', ['string', 'int'], 'list<string>', (text: string, pattern: string, limit: bigint) =>
    findAll(patterns(pattern), text, limit, budget),
  );
}

/** What is wrong with a pattern that is written out in an expression: known at load, as in the API server. */
export function literalPatternDefect(node: ASTNode): { readonly message: string; readonly offset: number } | undefined {
  if (node.op !== 'rcall' || !['matches', 'find', 'findAll'].includes(node.args[0])) {
    return undefined;
  }
  const [pattern] = node.args[2];
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') {
    return undefined;
  }
  const defect = defectOf(pattern.args);
  return defect === undefined ? undefined : { message: defect, offset: pattern.start };
}

function defectOf(pattern: string): string | undefined {
  if (programBound(pattern) > MAX_PROGRAM || pattern.length > MAX_PATTERN) {
    return 'the regular expression is too large';
  }
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return `invalid regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** No more instructions than this: RE2 refuses nested repetitions whose product is above 1000. */
function programBound(pattern: string): number {
  const counts = [...pattern.matchAll(REPETITION)].map(([, least, most]) => Math.max(Number(least), Number(most ?? 0)));
  return (
    pattern.length *
    Math.min(
      1000,
      counts.reduce((product, count) => product * Math.max(1, count), 1),
    )
  );
}

function createPatterns(budget: Budget): (pattern: string) => RE2JS {
  const compiled = new Map<string, RE2JS>();
  return (pattern) => {
    const known = compiled.get(pattern);
    if (known !== undefined) {
      return known;
    }
    budget.spend(COMPILE_UNITS * Math.min(programBound(pattern), MAX_PROGRAM));
    const defect = defectOf(pattern);
    if (defect !== undefined) {
      return fail(defect);
    }
    const program = RE2JS.compile(pattern);
    if (compiled.size >= KEPT) {
      compiled.clear();
    }
    compiled.set(pattern, program);
    return program;
  };
}

function matchUnits(pattern: RE2JS, text: string): number {
  return text.length * (0.25 + pattern.programSize() / 64);
}

/** @param limit negative means all. */
function findAll(pattern: RE2JS, text: string, limit: bigint, budget: Budget): readonly string[] {
  budget.spend(FIND_FACTOR * matchUnits(pattern, text));
  const found: string[] = [];
  const matcher = pattern.matcher(text);
  let end = -1;
  while ((limit < 0n || found.length < Number(limit)) && matcher.find()) {
    budget.spend(1);
    // As in Go, an empty match right behind another match does not count.
    if (matcher.end() > matcher.start() || matcher.start() > end) {
      found.push(matcher.group() ?? '');
    }
    end = matcher.end();
  }
  return found;
}
