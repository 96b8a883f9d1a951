/**
 * A Cedar schema of what ToolHive's proxy asks: one principal type, three actions, three resource types, and the claims
 * and arguments that the policies mention. Source: ToolHive's Cedar request model (pkg/authz/authorizers/cedar/core.go).
 */
import type { AttributeType, MentionedAttributes } from './attribute-types.ts';
import type { StaticEntity } from './entities.ts';

export const ACTIONS = ['call_tool', 'get_prompt', 'read_resource'];

/** The entities of the request itself; whatever entities_json says of their instances is replaced. */
export const REQUEST_TYPES = ['Client', 'Action', 'Tool', 'Prompt', 'Resource'];

export const DEFAULT_GROUP_TYPE = 'THVGroup';

export interface SchemaFacts {
  readonly groupType: string;
  readonly entities: readonly StaticEntity[];
  readonly mentioned: MentionedAttributes;
  readonly multiValuedClaims: readonly string[];
}

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];

interface ResourceType {
  readonly name: string;
  readonly action: string;
  /** Always there. */
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

const RESOURCES: readonly ResourceType[] = [
  { name: 'Tool', action: 'call_tool', required: ['name', 'operation', 'feature'], optional: HINTS },
  { name: 'Prompt', action: 'get_prompt', required: ['name', 'operation', 'feature'], optional: [] },
  { name: 'Resource', action: 'read_resource', required: ['name', 'uri', 'operation', 'feature'], optional: [] },
];

/** In Cedar's schema syntax. */
export function cedarSchema(facts: SchemaFacts): string {
  const others = staticTypes(facts);
  const parents = (...types: readonly string[]): string => inList([...types, ...others]);
  const principal = attributes(facts, 'principal', isClaim);
  const context = attributes(facts, 'context', (name) => isClaim(name) || isArgument(name));
  const args = attributes(facts, 'resource', isArgument);
  return [
    ...others.map((type) => declaration(type, inList([...others, facts.groupType]))),
    declaration(facts.groupType, inList(others)),
    declaration('MCP', inList(others)),
    `entity Client${parents(facts.groupType)} = { ${principal} };`,
    ...RESOURCES.map(({ name, required, optional }) => {
      const fixed = [...required.map((field) => `"${field}": String`), ...optional.map((field) => `"${field}"?: Bool`)];
      return `entity ${name}${parents('MCP')} = { ${[...fixed, args].filter((part) => part !== '').join(', ')} };`;
    }),
    ...RESOURCES.map(
      ({ name, action }) =>
        `action ${action} appliesTo { principal: Client, resource: ${name}, context: { ${context} } };`,
    ),
  ].join('\n');
}

export function isClaim(name: string): boolean {
  return name.startsWith('claim_') || name.startsWith('claimset_');
}

export function isArgument(name: string): boolean {
  return name.startsWith('arg_');
}

/** Types of entities_json beside those that have a place already; a name the schema could not say is left out. */
function staticTypes({ entities, groupType }: SchemaFacts): readonly string[] {
  const named = entities.flatMap(({ uid, parents }) => [...(uid === undefined ? [] : [uid]), ...parents]);
  const known = new Set([...REQUEST_TYPES, 'MCP', groupType]);
  return [...new Set(named.map(({ type }) => type))]
    .filter((type) => !known.has(type) && /^[A-Za-z_]\w*$/.test(type))
    .sort();
}

function declaration(type: string, parents: string): string {
  return `entity ${type}${parents};`;
}

function inList(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  return distinct.length === 0 ? '' : ` in [${distinct.join(', ')}]`;
}

/** Optional, all of them: a request without the claim or the argument is an ordinary one. Only `sub` is always there. */
function attributes(facts: SchemaFacts, variable: string, wanted: (name: string) => boolean): string {
  const mentioned = [...(facts.mentioned.get(variable) ?? [])].filter(([name]) => wanted(name) && name !== 'claim_sub');
  const rendered = mentioned.map(
    ([name, type]) => `${JSON.stringify(name)}?: ${typeName(declaredType(name, type, facts))}`,
  );
  return [...(variable === 'resource' ? [] : ['"claim_sub": String']), ...rendered].join(', ');
}

function declaredType(
  name: string,
  type: AttributeType | undefined,
  { multiValuedClaims }: SchemaFacts,
): AttributeType {
  if (name.startsWith('claimset_')) {
    return 'Set<String>';
  }
  if (multiValuedClaims.some((claim) => name === `claim_${claim}`)) {
    return 'String'; // joined by spaces
  }
  return name.startsWith('arg_') && name.endsWith('_present') ? 'Bool' : (type ?? 'String');
}

function typeName(type: AttributeType): string {
  if (typeof type === 'string') {
    return type;
  }
  const fields = [...type.fields].map(([name, field]) => `${JSON.stringify(name)}?: ${typeName(field ?? 'String')}`);
  return `{ ${fields.join(', ')} }`;
}
