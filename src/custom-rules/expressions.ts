/** The expressions of one rule, compiled together: they share variables and a budget. */
import { createBudget, type Budget } from '../cel/budget.ts';
import { CelError } from '../cel/cel-error.ts';
import { createCelCompiler, type CelCompiler, type CelExpression, type CelType } from '../cel/compile.ts';
import { FIELDS, VARIABLES } from './facts.ts';
import { meant, type Text } from './fields.ts';
import type { CustomRule, NamedExpression, Validation } from './read-rule.ts';

export interface CompiledValidation extends Validation {
  readonly check: CelExpression;
  readonly messageCheck: CelExpression | undefined;
}

export interface Expressions {
  readonly budget: Budget;
  readonly matchConditions: readonly { readonly name: string; readonly check: CelExpression }[];
  /** In the order of the file: each may use the ones before it. */
  readonly variables: ReadonlyMap<string, CelExpression>;
  readonly validations: readonly CompiledValidation[];
  /** Every variable that any of them asks about. */
  readonly mentions: ReadonlySet<string>;
}

/** Undefined where anything is wrong; all of it was reported. */
export function compileExpressions(rule: CustomRule): Expressions | undefined {
  const budget = createBudget();
  const base = createCelCompiler(VARIABLES, { budget });
  const failed: CelError[] = [];
  const compile = (compiler: CelCompiler, text: Text, path: string, expected?: string): CelExpression | undefined => {
    try {
      return compiler.compile(text.value, expected);
    } catch (error) {
      if (!(error instanceof CelError)) {
        throw error;
      }
      text.fault(error.offset, `${path}: ${error.message}${missing(error, rule)}`);
      failed.push(error);
      return undefined;
    }
  };
  // As in Kubernetes, match conditions come before variables and know none.
  const matchConditions = rule.matchConditions.flatMap(({ name, expression }, index) => {
    const check = compile(base, expression, `spec.matchConditions[${String(index)}].expression`, 'bool');
    return check === undefined ? [] : [{ name, check }];
  });
  const { variables, compiler } = compileVariables(rule.variables, base, compile);
  const validations = rule.validations.flatMap((validation, index) => {
    const path = `spec.validations[${String(index)}]`;
    const { expression, messageExpression } = validation;
    const check = compile(compiler, expression, `${path}.expression`, 'bool');
    const messageCheck =
      messageExpression === undefined
        ? undefined
        : compile(compiler, messageExpression, `${path}.messageExpression`, 'string');
    return check === undefined ? [] : [{ ...validation, check, messageCheck }];
  });
  const all = [
    ...matchConditions.map(({ check }) => check),
    ...variables.values(),
    ...validations.flatMap(({ check, messageCheck }) => (messageCheck === undefined ? [check] : [check, messageCheck])),
  ];
  const mentions = new Set(all.flatMap((expression) => [...expression.mentions]));
  return failed.length === 0 ? { budget, matchConditions, variables, validations, mentions } : undefined;
}

function compileVariables(
  named: readonly NamedExpression[],
  base: CelCompiler,
  compile: (compiler: CelCompiler, text: Text, path: string) => CelExpression | undefined,
): { readonly variables: ReadonlyMap<string, CelExpression>; readonly compiler: CelCompiler } {
  const variables = new Map<string, CelExpression>();
  const types: Record<string, CelType> = {};
  let compiler = base.with({ variables: {} });
  for (const [index, { name, expression }] of named.entries()) {
    const compiled = compile(compiler, expression, `spec.variables[${String(index)}].expression`);
    if (compiled !== undefined) {
      variables.set(name, compiled);
    }
    // One that is wrong is known all the same, or everything that uses it would be reported as well.
    types[name] = fieldType(compiled?.type ?? 'dyn');
    compiler = base.with({ variables: types });
  }
  return { variables, compiler };
}

/** What an unknown field was probably meant to be. */
function missing({ message }: CelError, { variables }: CustomRule): string {
  const key = /^No such key: (\w+)$/.exec(message)?.[1];
  return key === undefined
    ? ''
    : meant(
        key,
        [...FIELDS, ...variables.map(({ name }) => name)].filter((name) => name !== key),
      );
}

/** The types that can stand in a declaration; the others, such as the request's own, are checked when they are used. */
const DECLARABLE = /^(?:bool|int|uint|double|string|bytes|list|map|list<(?:string|int|bool|double)>)$/;

function fieldType(type: string): string {
  return DECLARABLE.test(type) ? type : 'dyn';
}
