/** A policy in Cedar's JSON form (Cedar documentation, "JSON policy format"), as far as lint reads it. */
import { at, isJsonObject, property, stringAt } from '../api/json.ts';

export interface EntityLiteral {
  readonly type: string;
  readonly id: string;
}

export interface PolicyTree {
  readonly effect: 'permit' | 'forbid';
  /** True where principal, action and resource may be anything and there is no condition. */
  readonly unconditional: boolean;
  /** Entities that the action constraint names. */
  readonly actions: readonly EntityLiteral[];
  /** The bodies of `when` and `unless`. */
  readonly conditions: readonly unknown[];
}

export function policyTree(json: unknown): PolicyTree | undefined {
  const effect = stringAt(json, 'effect');
  const conditions = at(json, 'conditions');
  if (effect !== 'permit' && effect !== 'forbid') {
    return undefined;
  }
  const bodies = Array.isArray(conditions) ? conditions.map((condition: unknown) => at(condition, 'body')) : [];
  const open = ['principal', 'action', 'resource'].every((part) => stringAt(json, part, 'op') === 'All');
  return {
    effect,
    unconditional: open && bodies.length === 0,
    actions: actionsOf(at(json, 'action')),
    conditions: bodies,
  };
}

function actionsOf(action: unknown): readonly EntityLiteral[] {
  const several = at(action, 'entities');
  const named = Array.isArray(several) ? (several as readonly unknown[]) : [at(action, 'entity')];
  return named.map(entityLiteral).filter((entity) => entity !== undefined);
}

function entityLiteral(value: unknown): EntityLiteral | undefined {
  const [type, id] = [stringAt(value, 'type'), stringAt(value, 'id')];
  return type === undefined || id === undefined ? undefined : { type, id };
}

/** One operator and its operands; a node of the tree is an object with one key. */
export interface TreeNode {
  readonly operator: string;
  readonly value: unknown;
}

export function treeNode(expression: unknown): TreeNode | undefined {
  if (!isJsonObject(expression)) {
    return undefined;
  }
  const [operator] = Object.keys(expression);
  return operator === undefined ? undefined : { operator, value: property(expression, operator) };
}

/** `principal.claim_address.country` as `['principal', 'claim_address', 'country']`; undefined for anything else. */
export function attributeChain(expression: unknown): readonly string[] | undefined {
  const node = treeNode(expression);
  if (node?.operator === 'Var') {
    return typeof node.value === 'string' ? [node.value] : undefined;
  }
  if (node?.operator !== '.') {
    return undefined;
  }
  const left = attributeChain(at(node.value, 'left'));
  const attribute = stringAt(node.value, 'attr');
  return left === undefined || attribute === undefined ? undefined : [...left, attribute];
}
