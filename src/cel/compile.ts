/** CEL (Common Expression Language) as the API server runs it, over plain JSON. */
import { Environment } from '@marcbachmann/cel-js';
import { withoutNulls } from './values.ts';

export interface CelExpression {
  /** @throws EvaluationError of the CEL library where the expression fails at run time. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** The library's own limits allow expressions that overflow the stack; real rules stay far below these. */
const LIMITS = { maxDepth: 64, maxAstNodes: 2000 };

/** @throws ParseError or TypeError of the CEL library, with the position. */
export function compileCel(source: string, variables: readonly string[]): CelExpression {
  const environment = new Environment({ limits: LIMITS, enableOptionalTypes: true });
  for (const name of variables) {
    environment.registerVariable(name, 'dyn');
  }
  const program = environment.parse(source);
  return {
    evaluate: (values) =>
      program(
        Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withoutNulls(value)])),
      ) as unknown,
  };
}
