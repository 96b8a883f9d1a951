/** Entities as an expression sees them: attributes, tags, and who is in whom (cedar-go 1.8, internal/eval/evalers.go). */
import { checkedEntity, EvaluationError } from './cedar-checks.ts';
import {
  entityKey,
  entityText,
  keyOf,
  typeName,
  type CedarValue,
  type EntityValue,
  type RecordValue,
} from './cedar-value.ts';

export interface StoredEntity {
  readonly parents: readonly EntityValue[];
  readonly attributes: RecordValue;
  readonly tags: RecordValue;
}

/** What an expression is evaluated on. */
export interface Environment {
  readonly principal: EntityValue;
  readonly action: EntityValue;
  readonly resource: EntityValue;
  readonly context: RecordValue;
  /** By {@link entityKey}. */
  entity(key: string): StoredEntity | undefined;
}

/** `member in group`, where the group may be a set of entities. */
export function isIn(member: EntityValue, group: CedarValue, environment: Environment): boolean {
  if (typeof group === 'object' && group.kind === 'entity') {
    return reaches(member, new Set([keyOf(group)]), environment);
  }
  if (typeof group === 'object' && group.kind === 'set') {
    for (const element of group.elements.values()) {
      checkedEntity(element);
    }
    return reaches(member, new Set(group.elements.keys()), environment);
  }
  throw new EvaluationError(
    `type error: expected one of [set, (entity of type \`any_entity_type\`)], got ${typeName(group)}`,
  );
}

/** Over parents of parents; a cycle among them does no harm. */
function reaches(member: EntityValue, wanted: ReadonlySet<string>, environment: Environment): boolean {
  const seen = new Set<string>();
  const todo = [entityKey(member.type, member.id)];
  for (let key = todo.pop(); key !== undefined; key = todo.pop()) {
    if (wanted.has(key)) {
      return true;
    }
    if (!seen.has(key)) {
      seen.add(key);
      for (const { type, id } of environment.entity(key)?.parents ?? []) {
        todo.push(entityKey(type, id));
      }
    }
  }
  return false;
}

const HOLDER = 'expected one of [record, (entity of type `any_entity_type`)]';

export function attributeOf(holder: CedarValue, name: string, environment: Environment): CedarValue {
  if (typeof holder === 'object' && holder.kind === 'entity') {
    if (holder.type === '' && holder.id === '') {
      throw new EvaluationError(`cannot access attribute \`${name}\` of unspecified entity`);
    }
    const found = stored(holder, environment).attributes.fields.get(name);
    if (found === undefined) {
      throw new EvaluationError(`\`${entityText(holder)}\` does not have the attribute \`${name}\``);
    }
    return found;
  }
  const found = attributesOf(holder, environment)?.get(name);
  if (found === undefined) {
    throw new EvaluationError(`record does not have the attribute \`${name}\``);
  }
  return found;
}

/** An entity that is not there has no attributes. */
export function attributesOf(holder: CedarValue, environment: Environment): RecordValue['fields'] | undefined {
  if (typeof holder === 'object' && holder.kind === 'entity') {
    return environment.entity(entityKey(holder.type, holder.id))?.attributes.fields;
  }
  if (typeof holder === 'object' && holder.kind === 'record') {
    return holder.fields;
  }
  throw new EvaluationError(`type error: ${HOLDER}, got ${typeName(holder)}`);
}

export function hasTag(holder: EntityValue, name: string, environment: Environment): boolean {
  return environment.entity(entityKey(holder.type, holder.id))?.tags.fields.has(name) ?? false;
}

export function tagOf(holder: EntityValue, name: string, environment: Environment): CedarValue {
  const found = stored(holder, environment).tags.fields.get(name);
  if (found === undefined) {
    throw new EvaluationError(`\`${entityText(holder)}\` does not have the tag \`${name}\``);
  }
  return found;
}

function stored(holder: EntityValue, environment: Environment): StoredEntity {
  const found = environment.entity(entityKey(holder.type, holder.id));
  if (found === undefined) {
    throw new EvaluationError(`entity \`${entityText(holder)}\` does not exist`);
  }
  return found;
}
