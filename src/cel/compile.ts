/** CEL (Common Expression Language) as the API server runs it, over plain JSON. */
import { Environment, type ASTNode, type ParseResult } from '@marcbachmann/cel-js';
import { walk } from './ast.ts';
import { createBudget, type Budget } from './budget.ts';
import { CelError, celErrorOf, OVERRIDE_MARK, type CelStage } from './cel-error.ts';
import { LIMITS, shapeDefect, sourceDefect, type GateDefect } from './gate.ts';
import { OVERRIDDEN, registerLibrary } from './library/index.ts';
import { literalPatternDefect } from './library/regex.ts';
import { meter } from './metering.ts';
import { toCelValue } from './values.ts';

/** A type of the CEL library (`dyn`, `string`, `list<int>`, …), or the fields of an object. */
export type CelType = string | { readonly [field: string]: CelType };

/** Names alone are of type `dyn`. */
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
  return compilerOf(library, variables, { budget, shared: options.budget !== undefined });
}

interface Context {
  readonly budget: Budget;
  readonly shared: boolean;
}

function compilerOf(base: Environment, variables: CelVariables, context: Context): CelCompiler {
  const environment = base.clone();
  for (const [name, type] of isNames(variables)
    ? variables.map((name) => [name, 'dyn'] as const)
    : Object.entries(variables)) {
    if (typeof type === 'string') {
      environment.registerVariable(name, type);
    } else {
      environment.registerVariable(name, { schema: type });
    }
  }
  return {
    compile: (source, expected = 'dyn') => compile(environment, source, expected, context),
    with: (more) => compilerOf(environment, more, context),
  };
}

function isNames(variables: CelVariables): variables is readonly string[] {
  return Array.isArray(variables);
}

function compile(
  environment: Environment,
  source: string,
  expected: string,
  { budget, shared }: Context,
): CelExpression {
  refuse(sourceDefect(source), 'cost', source);
  const program = attempt('parse', source, () => environment.parse(source));
  refuse(
    attempt('cost', source, () => shapeDefect(program.ast)),
    'cost',
    source,
  );
  const mentions = new Set<string>();
  walk(program.ast, (node, bound) => {
    refuse(literalPatternDefect(node), 'check', source);
    override(node);
    const path = pathOf(node, bound);
    if (path !== undefined) {
      mentions.add(path);
    }
  });
  const type = checked(program, source);
  if (type !== expected && expected !== 'dyn' && !type.startsWith('dyn')) {
    throw new CelError({ stage: 'check', message: `the expression must be of type ${expected}, not ${type}`, source });
  }
  meter(program.ast, budget);
  return { source, type, mentions, evaluate: (values) => evaluate(program, source, values, budget, shared) };
}

function checked(program: ParseResult, source: string): string {
  const { valid, type, error } = attempt('check', source, () => program.check());
  if (!valid) {
    throw celErrorOf(error, source, 'check');
  }
  return type ?? 'dyn';
}

/**
 * Calls of functions that the library has, but not as Kubernetes has them, go to ours. They have a name of their own
 * because the library lets nobody replace a function; the tree is not yet checked, so nothing was looked up.
 */
function override(node: ASTNode): void {
  if (node.op === 'rcall' && OVERRIDDEN.has(node.args[0])) {
    node.args[0] += OVERRIDE_MARK;
  }
}

/** `a.b.c` where `a` is a variable. */
function pathOf(node: ASTNode, bound: readonly string[]): string | undefined {
  if (node.op === 'id') {
    return bound.includes(node.args) ? undefined : node.args;
  }
  if (node.op !== '.' && node.op !== '.?') {
    return undefined;
  }
  const parent = pathOf(node.args[0], bound);
  return parent === undefined ? undefined : `${parent}.${node.args[1]}`;
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

function attempt<T>(stage: CelStage, source: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw celErrorOf(error, source, stage);
  }
}

function refuse(defect: GateDefect | undefined, stage: CelStage, source: string): void {
  if (defect !== undefined) {
    throw new CelError({ stage, message: defect.message, source, offset: defect.offset });
  }
}
