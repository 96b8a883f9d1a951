/**
 * Cedar expressions, evaluated as the proxy's engine does (cedar-go 1.8, internal/eval): the same order, the same type
 * checks, the same arithmetic. The Cedar project's own engine is not asked, because it cannot be told all that ToolHive's
 * is told, and answers differently in places (docs/adr/0015-decide.md).
 */
import { at, isJsonObject, property, stringAt } from '../api/json.ts';
import {
  checkedBool,
  checkedComparable,
  checkedEntity,
  checkedLong,
  checkedResult,
  checkedSet,
  checkedString,
  EvaluationError,
} from './cedar-checks.ts';
import { extensionFunction } from './cedar-extension-calls.ts';
import { attributeOf, attributesOf, hasTag, isIn, tagOf, type Environment } from './cedar-hierarchy.ts';
import { entityValue, equal, keyOf, recordOf, setOf, type CedarValue } from './cedar-value.ts';
import { likePattern } from './like-pattern.ts';
import { treeNode } from './policy-tree.ts';

export type Expression = (environment: Environment) => CedarValue;

/** A record literal of this one field is an integer that JSON numbers cannot hold; see cedar-policy.ts. */
export const INTEGER_FIELD = '\0integer';

/** @throws EvaluationError for a node that is none of the language's. */
export function compileExpression(tree: unknown): Expression {
  const node = treeNode(tree);
  if (node === undefined) {
    throw new EvaluationError('the expression is none of the language');
  }
  const { operator, value } = node;
  switch (operator) {
    case 'Value':
      return constant(literal(value));
    case 'Var':
      return variable(value);
    case '&&':
    case '||':
      return logic(operator, spine(tree, operator).map(compileExpression));
    case '!': {
      const inner = compileExpression(at(value, 'arg'));
      return (environment) => !checkedBool(inner(environment));
    }
    case 'neg':
      return negation(at(value, 'arg'));
    case '==':
    case '!=':
      return equation(operator, operands(value));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(operator, operands(value));
    case '+':
    case '-':
    case '*':
      return arithmetic(operator, operands(value));
    case 'in':
      return membership(operands(value));
    case 'is':
      return typeTest(value);
    case '.':
      return attribute(value);
    case 'has':
      return presence(value);
    case 'like':
      return like(value);
    case 'contains':
    case 'containsAll':
    case 'containsAny':
      return containment(operator, operands(value));
    case 'isEmpty': {
      const inner = compileExpression(at(value, 'arg'));
      return (environment) => checkedSet(inner(environment)).elements.size === 0;
    }
    case 'hasTag':
    case 'getTag':
      return tag(operator, operands(value));
    case 'if-then-else':
      return conditional(value);
    case 'Set':
      return setLiteral(value);
    case 'Record':
      return recordLiteral(value);
    default:
      return extension(operator, Array.isArray(value) ? value : []);
  }
}

type Operands = readonly [Expression, Expression];

function operands(value: unknown): Operands {
  return [compileExpression(at(value, 'left')), compileExpression(at(value, 'right'))];
}

/** `a && b && c` is nested to the left, thousands deep perhaps: its operands in their order. */
function spine(tree: unknown, operator: string): readonly unknown[] {
  const reversed: unknown[] = [];
  let current = tree;
  for (let node = treeNode(current); node?.operator === operator; node = treeNode(current)) {
    reversed.push(at(node.value, 'right'));
    current = at(node.value, 'left');
  }
  return [...reversed, current].reverse();
}

function constant(value: CedarValue): Expression {
  return () => value;
}

function literal(value: unknown): CedarValue {
  const entity = property(value, '__entity');
  const [type, id] = [stringAt(entity, 'type'), stringAt(entity, 'id')];
  if (type !== undefined && id !== undefined) {
    return entityValue(type, id);
  }
  if (typeof value === 'number') {
    return BigInt(value);
  }
  if (typeof value === 'string' || typeof value === 'boolean') {
    return value;
  }
  throw new EvaluationError('the literal is none of the language');
}

function variable(name: unknown): Expression {
  switch (name) {
    case 'principal':
    case 'action':
    case 'resource':
    case 'context':
      return (environment) => environment[name];
    default:
      throw new EvaluationError(`the variable ${JSON.stringify(name)} is none of the language`);
  }
}

function logic(operator: '&&' | '||', terms: readonly Expression[]): Expression {
  const decisive = operator === '||';
  return (environment) => {
    for (const term of terms) {
      if (checkedBool(term(environment)) === decisive) {
        return decisive;
      }
    }
    return !decisive;
  };
}

function negation(tree: unknown): Expression {
  const inner = compileExpression(tree);
  return (environment) => {
    const value = checkedLong(inner(environment));
    return checkedResult(-value, () => `negate \`${String(value)}\``);
  };
}

function equation(operator: '==' | '!=', [left, right]: Operands): Expression {
  const wanted = operator === '==';
  return (environment) => equal(left(environment), right(environment)) === wanted;
}

function comparison(operator: '<' | '<=' | '>' | '>=', [left, right]: Operands): Expression {
  return (environment) => {
    const [a, b] = [checkedComparable(left(environment)), checkedComparable(right(environment))];
    if (a.kind !== b.kind) {
      throw new EvaluationError('type error: incompatible types in comparison');
    }
    switch (operator) {
      case '<':
        return a.count < b.count;
      case '<=':
        return a.count <= b.count;
      case '>':
        return a.count > b.count;
      case '>=':
        return a.count >= b.count;
    }
  };
}

function arithmetic(operator: '+' | '-' | '*', [left, right]: Operands): Expression {
  return (environment) => {
    const [a, b] = [checkedLong(left(environment)), checkedLong(right(environment))];
    const [x, y] = [String(a), String(b)];
    switch (operator) {
      case '+':
        return checkedResult(a + b, () => `add \`${x}\` with \`${y}\``);
      case '-':
        return checkedResult(a - b, () => `subtract \`${y}\` from \`${x}\``);
      case '*':
        return checkedResult(a * b, () => `multiply \`${x}\` by \`${y}\``);
    }
  };
}

function membership([left, right]: Operands): Expression {
  return (environment) => isIn(checkedEntity(left(environment)), right(environment), environment);
}

function typeTest(value: unknown): Expression {
  const left = compileExpression(at(value, 'left'));
  const type = stringAt(value, 'entity_type');
  const within = at(value, 'in');
  const group = within === undefined ? undefined : compileExpression(within);
  return (environment) => {
    const member = checkedEntity(left(environment));
    return member.type === type && (group === undefined || isIn(member, group(environment), environment));
  };
}

function attribute(value: unknown): Expression {
  const object = compileExpression(at(value, 'left'));
  const name = stringAt(value, 'attr') ?? '';
  return (environment) => attributeOf(object(environment), name, environment);
}

/** `x has a.b.c` is `x has a && x.a has b && x.a.b has c`. */
function presence(value: unknown): Expression {
  const attr = at(value, 'attr');
  const names = (Array.isArray(attr) ? attr : [attr]).filter((name) => typeof name === 'string');
  const object = compileExpression(at(value, 'left'));
  return (environment) => {
    let holder: CedarValue | undefined = object(environment);
    for (const name of names) {
      holder = attributesOf(holder, environment)?.get(name);
      if (holder === undefined) {
        return false;
      }
    }
    return true;
  };
}

function like(value: unknown): Expression {
  const left = compileExpression(at(value, 'left'));
  const matches = likePattern(at(value, 'pattern'));
  return (environment) => matches(checkedString(left(environment)));
}

function containment(operator: 'contains' | 'containsAll' | 'containsAny', [left, right]: Operands): Expression {
  return (environment) => {
    const { elements } = checkedSet(left(environment));
    const other = right(environment);
    if (operator === 'contains') {
      return elements.has(keyOf(other));
    }
    const keys = [...checkedSet(other).elements.keys()];
    return operator === 'containsAll' ? keys.every((key) => elements.has(key)) : keys.some((key) => elements.has(key));
  };
}

function tag(operator: 'hasTag' | 'getTag', [left, right]: Operands): Expression {
  const look = operator === 'hasTag' ? hasTag : tagOf;
  return (environment) => look(checkedEntity(left(environment)), checkedString(right(environment)), environment);
}

function conditional(value: unknown): Expression {
  const [condition, then, otherwise] = ['if', 'then', 'else'].map((part) => compileExpression(at(value, part)));
  return (environment) => {
    const chosen = condition !== undefined && checkedBool(condition(environment)) ? then : otherwise;
    return chosen?.(environment) ?? false;
  };
}

function setLiteral(value: unknown): Expression {
  const elements = Array.isArray(value) ? value.map(compileExpression) : [];
  return (environment) => setOf(elements.map((element) => element(environment)));
}

function extension(name: string, trees: readonly unknown[]): Expression {
  const values = trees.map(compileExpression);
  const call = extensionFunction(name, values.length);
  return (environment) => call(...values.map((value) => value(environment)));
}

function recordLiteral(value: unknown): Expression {
  const integer = at(value, INTEGER_FIELD, 'Value');
  if (typeof integer === 'string') {
    return constant(BigInt(integer));
  }
  const fields = isJsonObject(value)
    ? Object.entries(value).map(([name, tree]) => [name, compileExpression(tree)] as const)
    : [];
  return (environment) => recordOf(fields.map(([name, field]) => [name, field(environment)] as const));
}
