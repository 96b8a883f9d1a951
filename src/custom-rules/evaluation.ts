/** One run of a rule's expressions over one request. */
import { CelError } from '../cel/cel-error.ts';
import type { CelExpression } from '../cel/compile.ts';
import type { Answer, RuleInput, WorldView } from '../rules/contract.ts';
import type { Expressions } from './expressions.ts';
import { configFacts, configSourceOf, namespaceFacts, requestOf } from './facts.ts';

export type Outcome =
  | { readonly state: 'value'; readonly value: unknown }
  /** The expression failed. */
  | { readonly state: 'error'; readonly message: string; readonly excerpt: string }
  /** It asks for something that nobody could answer. */
  | { readonly state: 'unknown'; readonly why: string };

export interface Evaluation {
  run(expression: CelExpression, expected: 'bool' | 'string'): Outcome;
}

/** Thrown through the expression that uses a variable; `||` and `all` may get along without it. */
class UnknownAnswerError extends Error {
  readonly code = 'UNKNOWN_ANSWER';
}

export function createEvaluation(
  { budget, variables, mentions }: Expressions,
  input: RuleInput,
  world: WorldView,
): Evaluation {
  budget.reset();
  const absent: Answer<never> = { state: 'absent' };
  const answers = {
    authzConfig: mentions.has('authzConfig') ? configFacts(configSourceOf(input), world) : absent,
    namespaceObject: mentions.has('namespaceObject') ? namespaceFacts(input.namespace, world) : absent,
  };
  const values = {
    object: input.object ?? null,
    oldObject: input.oldObject ?? null,
    request: requestOf(input),
    authzConfig: valueOf(answers.authzConfig),
    namespaceObject: valueOf(answers.namespaceObject),
    variables: lazily(variables, (expression, name) => {
      try {
        return evaluate(expression);
      } catch (error) {
        throw error instanceof CelError && error.stage !== 'cost'
          ? new Error(`variables.${name}: ${error.message}`, { cause: error })
          : error;
      }
    }),
  };
  function evaluate(expression: CelExpression): unknown {
    for (const [name, answer] of Object.entries(answers)) {
      if (answer.state === 'unknown' && expression.mentions.has(name)) {
        throw new UnknownAnswerError(answer.why);
      }
    }
    return expression.evaluate(values);
  }
  return {
    run: (expression, expected) => {
      try {
        const value = evaluate(expression);
        return (expected === 'bool' ? typeof value === 'boolean' : typeof value === 'string')
          ? { state: 'value', value }
          : { state: 'error', message: `the result is not a ${expected}`, excerpt: excerptOf(expression) };
      } catch (error) {
        const why = unknownAnswer(error);
        return why === undefined ? failed(error, expression) : { state: 'unknown', why };
      }
    },
  };
}

function valueOf<T>(answer: Answer<T>): T | null {
  return answer.state === 'present' ? answer.value : null;
}

/** A map whose values are made when they are asked for, once; the CEL library reads maps by `get`. */
function lazily(
  variables: ReadonlyMap<string, CelExpression>,
  evaluate: (expression: CelExpression, name: string) => unknown,
): ReadonlyMap<string, unknown> {
  const known = new Map<string, () => unknown>();
  const make = (name: string, expression: CelExpression): (() => unknown) => {
    try {
      const value = evaluate(expression, name);
      return () => value;
    } catch (error) {
      return () => {
        throw error;
      };
    }
  };
  return Object.assign(new Map<string, unknown>(), {
    has: (name: string) => variables.has(name),
    get: (name: string): unknown => {
      const expression = variables.get(name);
      if (expression === undefined) {
        return undefined;
      }
      const found = known.get(name) ?? make(name, expression);
      known.set(name, found);
      return found();
    },
  });
}

function unknownAnswer(error: unknown): string | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof UnknownAnswerError) {
      return cause.message;
    }
  }
  return undefined;
}

function failed(error: unknown, expression: CelExpression): Outcome {
  return error instanceof CelError
    ? { state: 'error', message: error.message, excerpt: error.excerpt }
    : { state: 'error', message: 'the expression ended in an unforeseen way', excerpt: excerptOf(expression) };
}

function excerptOf({ source }: CelExpression): string {
  return new CelError({ stage: 'evaluate', message: '', source }).excerpt;
}
