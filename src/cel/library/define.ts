/** How the functions of this folder are made known to the CEL library. */
import { EvaluationError, type Environment } from '@marcbachmann/cel-js';
import type { Budget } from '../budget.ts';
import { OVERRIDE_MARK } from '../cel-error.ts';

/** Functions of a receiver that the library has too, but bounded or counted otherwise than in Kubernetes. */
export const OVERRIDDEN: ReadonlySet<string> = new Set([
  'contains',
  'indexOf',
  'join',
  'lastIndexOf',
  'lowerAscii',
  'matches',
  'split',
  'substring',
  'trim',
  'upperAscii',
]);

/** The same for functions without a receiver. */
export const OVERRIDDEN_GLOBALS: ReadonlySet<string> = new Set(['duration', 'timestamp']);

/** The library checks the types of a call against its declaration before it calls. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each function declares in CEL what it is given.
export type Handler = (...args: any[]) => unknown;

export interface Library {
  readonly budget: Budget;
  readonly method: (
    receiver: string,
    name: string,
    parameters: readonly string[],
    returns: string,
    handler: Handler,
  ) => void;
  readonly global: (name: string, parameters: readonly string[], returns: string, handler: Handler) => void;
  readonly type: (name: string, constructor: new (...args: never[]) => object) => void;
  /** `==`, and by it `!=`. */
  readonly equality: (type: string, equal: (left: never, right: never) => boolean) => void;
  readonly constant: (name: string, type: string, value: object) => void;
}

export function libraryOf(environment: Environment, budget: Budget): Library {
  const define = (
    receiver: string | undefined,
    name: string,
    parameters: readonly string[],
    returns: string,
    handler: Handler,
  ): void => {
    environment.registerFunction({
      name: (receiver === undefined ? OVERRIDDEN_GLOBALS : OVERRIDDEN).has(name) ? `${name}${OVERRIDE_MARK}` : name,
      ...(receiver === undefined ? {} : { receiverType: receiver }),
      returnType: returns,
      params: parameters.map((type, index) => ({ name: `arg${String(index)}`, type })),
      handler,
      async: false,
    });
  };
  return {
    budget,
    method: define,
    global: (name, parameters, returns, handler) => {
      define(undefined, name, parameters, returns, handler);
    },
    type: (name, constructor) => {
      environment.registerType(name, { ctor: constructor });
    },
    equality: (type, equal) => {
      // The operator is asked for this type alone.
      environment.registerOperator(`${type} == ${type}`, equal as (left: unknown, right: unknown) => boolean);
    },
    constant: (name, type, value) => {
      environment.registerConstant(name, type, value);
    },
  };
}

/** An error of the expression; the library adds where. */
export function fail(message: string): never {
  throw new EvaluationError(message);
}
