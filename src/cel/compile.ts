/** CEL (Common Expression Language) as the API server runs it, over plain JSON. */
import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { pathOf, walk } from './ast.ts';
import { createBudget, type Budget } from './budget.ts';
import { CelError, celErrorOf, type CelStage } from './cel-error.ts';
import { attempt, checked, orNull, override, typeOf } from './check.ts';
import { LIMITS, shapeDefect, sourceDefect, type GateDefect } from './gate.ts';
import { registerLibrary } from './library/index.ts';
import { literalPatternDefect } from './library/regex.ts';
import { literalDefect } from './literals.ts';
import { meter } from './metering.ts';
import { toCelValue } from './values.ts';

/** A type of the CEL library (`dyn`, `string`, `list<int>`, …), or the fields of an object. */
export type CelType = string | { readonly [field: string]: CelType };

/** Names alone are of type `dyn`. An object under a name that ends in `?` may also be null. */
export type CelVariables = readonly string[] | Readonly<Record<string, CelType>>;

export interface CelExpression {
  readonly source: string;
  /** The type by the checker; `dyn` where it depends on the object. */
  readonly type: string;
  /** What the expression asks of its variables: `request`, `request.userInfo`, `request.userInfo.groups`, … */
  readonly mentions: ReadonlySet<string>;
  /**
   * @returns a CEL value: int is BigInt, map is Map.
   * @throws CelError of stage `evaluate` or `cost`.
   */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

export interface CelCompiler {
  /**
   * @param expected the type that the expression must have; `dyn` passes.
   * @throws CelError of stage `parse`, `check` or `cost`.
   */
  compile(source: string, expected?: string): CelExpression;
  /** A compiler that knows more variables and spends from the same budget. */
  with(variables: CelVariables): CelCompiler;
}

export interface CelOptions {
  /** Spent by every evaluation; whoever gives one resets it. By default each evaluation has its own. */
  readonly budget?: Budget;
}

/** @throws CelError of stage `parse`, `check` or `cost`. */
export function compileCel(source: string, variables: CelVariables, options: CelOptions = {}): CelExpression {
  return createCelCompiler(variables, options).compile(source);
}

export function createCelCompiler(variables: CelVariables, options: CelOptions = {}): CelCompiler {
  const budget = options.budget ?? createBudget();
  const library = new Environment({
    limits: { maxDepth: LIMITS.maxDepth, maxAstNodes: LIMITS.maxAstNodes },
    enableOptionalTypes: true,
  });
  registerLibrary(library, budget);
  const environments = { typed: library, untyped: library.clone({ homogeneousAggregateLiterals: false }) };
  return compilerOf(environments, variables, { budget, shared: options.budget !== undefined });
}

/**
 * An expression is checked against the types that were declared and evaluated without them: the library has no type
 * for "this object or null", and what an object really holds is checked by each operator anyway.
 */
interface Environments {
  readonly typed: Environment;
  readonly untyped: Environment;
}

interface Context {
  readonly budget: Budget;
  readonly shared: boolean;
}

function compilerOf(base: Environments, variables: CelVariables, context: Context): CelCompiler {
  const environments = { typed: base.typed.clone(), untyped: base.untyped.clone() };
  for (const [given, type] of isNames(variables)
    ? variables.map((name) => [name, 'dyn'] as const)
    : Object.entries(variables)) {
    const name = given.replace(/\?$/, '');
    environments.untyped.registerVariable(name, 'dyn');
    if (typeof type === 'string') {
      environments.typed.registerVariable(name, type);
    } else {
      environments.typed.registerVariable(name, { schema: type });
    }
    if (given !== name) {
      environments.typed.registerVariable(orNull(name), 'dyn');
    }
  }
  return {
    compile: (source, expected = 'dyn') => compile(environments, source, expected, context),
    with: (more) => compilerOf(environments, more, context),
  };
}

function isNames(variables: CelVariables): variables is readonly string[] {
  return Array.isArray(variables);
}

function compile(
  { typed, untyped }: Environments,
  source: string,
  expected: string,
  { budget, shared }: Context,
): CelExpression {
  refuse(sourceDefect(source), 'cost', source);
  const program = attempt('parse', source, () => untyped.parse(source));
  refuse(
    attempt('cost', source, () => shapeDefect(program.ast)),
    'cost',
    source,
  );
  const mentions = new Set<string>();
  walk(program.ast, (node, bound) => {
    refuse(literalPatternDefect(node) ?? literalDefect(node), 'check', source);
    override(node);
    const path = pathOf(node, bound);
    if (path !== undefined) {
      mentions.add(path);
    }
  });
  const type = attempt('check', source, () => typeOf(typed, source));
  if (type !== expected && expected !== 'dyn' && !type.startsWith('dyn')) {
    throw new CelError({ stage: 'check', message: `the expression must be of type ${expected}, not ${type}`, source });
  }
  checked(program, source);
  meter(program.ast, budget);
  return { source, type, mentions, evaluate: (values) => evaluate(program, source, values, budget, shared) };
}

function evaluate(
  program: ParseResult,
  source: string,
  values: Readonly<Record<string, unknown>>,
  budget: Budget,
  shared: boolean,
): unknown {
  if (!shared) {
    budget.reset();
  }
  const context = new Map(Object.entries(values).map(([name, value]) => [name, toCelValue(value)]));
  let result: unknown;
  try {
    result = program(context);
  } catch (error) {
    throw celErrorOf(budget.exhaustion() ?? error, source, 'evaluate');
  }
  const exhaustion = budget.exhaustion();
  if (exhaustion !== undefined) {
    throw celErrorOf(exhaustion, source, 'evaluate');
  }
  return result;
}

function refuse(defect: GateDefect | undefined, stage: CelStage, source: string): void {
  if (defect !== undefined) {
    throw new CelError({ stage, message: defect.message, source, offset: defect.offset });
  }
}
