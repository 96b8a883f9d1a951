/** Policies as they are run: scope, then conditions, each to the first that does not hold. */
import { at, stringAt } from '../api/json.ts';
import type { Cedar } from './cedar.ts';
import { checkedBool, EvaluationError } from './cedar-checks.ts';
import { compileExpression, INTEGER_FIELD, type Expression } from './cedar-expression.ts';
import { isIn, type Environment } from './cedar-hierarchy.ts';
import { entityValue, equal, setOf, type EntityValue } from './cedar-value.ts';
import type { PolicyPart } from './decision.ts';

export interface ExecutablePolicy {
  readonly effect: 'permit' | 'forbid';
  /**
   * The first part that does not hold; undefined if the policy matches.
   * @throws EvaluationError where the engine gives an error.
   */
  readonly missing: (environment: Environment) => PolicyPart | undefined;
}

/**
 * Undefined where the Cedar module does not parse the text. Integers in it fit 64 bits.
 * @throws EvaluationError where its tree cannot be run.
 */
export function compilePolicy(text: string, cedar: Cedar): ExecutablePolicy | undefined {
  const tree = cedar.toJson(withExactIntegers(text));
  if (tree === undefined) {
    return undefined;
  }
  const scope = VARIABLES.flatMap((variable) => {
    const test = scopeOf(tree, variable);
    return test === undefined ? [] : [{ variable, test }];
  });
  const conditions = listAt(tree, 'conditions').map(condition);
  return {
    effect: stringAt(tree, 'effect') === 'forbid' ? 'forbid' : 'permit',
    missing: (environment) =>
      scope.find(({ test }) => !test(environment))?.variable ??
      (conditions.every((test) => checkedBool(test(environment))) ? undefined : 'condition'),
  };
}

const VARIABLES = ['principal', 'action', 'resource'] as const;

const TOKEN = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|[A-Za-z_]\w*|\d+/g;

/**
 * The module writes integers as JSON numbers, which hold 53 bits. A longer one becomes a record of a field that nobody
 * writes, which compileExpression knows.
 */
function withExactIntegers(text: string): string {
  return text.replace(TOKEN, (token) =>
    /^\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))
      ? `{"${INTEGER_FIELD.replace('\0', '\\0')}":"${token}"}`
      : token,
  );
}

type Test = (environment: Environment) => boolean;

/** Undefined where anything may be. */
function scopeOf(tree: unknown, variable: (typeof VARIABLES)[number]): Test | undefined {
  const scope = at(tree, variable);
  const entity = entityAt(at(scope, 'entity'));
  switch (stringAt(scope, 'op')) {
    case 'All':
      return undefined;
    case '==':
      return (environment) => entity !== undefined && equal(environment[variable], entity);
    case 'in': {
      const several = listAt(scope, 'entities').map(entityAt);
      const group = entity ?? setOf(several.filter((each) => each !== undefined));
      return (environment) => isIn(environment[variable], group, environment);
    }
    case 'is': {
      const type = stringAt(scope, 'entity_type');
      const group = entityAt(at(scope, 'in', 'entity'));
      return (environment) =>
        environment[variable].type === type && (group === undefined || isIn(environment[variable], group, environment));
    }
    case undefined:
    default:
      throw new EvaluationError('the scope is none of the language');
  }
}

function condition(tree: unknown): Expression {
  const body = compileExpression(at(tree, 'body'));
  return stringAt(tree, 'kind') === 'unless' ? (environment) => !checkedBool(body(environment)) : body;
}

function entityAt(value: unknown): EntityValue | undefined {
  const [type, id] = [stringAt(value, 'type'), stringAt(value, 'id')];
  return type === undefined || id === undefined ? undefined : entityValue(type, id);
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = at(value, key);
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}
