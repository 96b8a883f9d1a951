/** What expressions are told: the request, the namespace, and the authorization config that the object stands for. */
import { at, stringAt } from '../api/json.ts';
import { authorizationOf, authorizerSpecOf, groupOf, isAuthzConfig, resourceOfKind } from '../api/toolhive.ts';
import type { Analysis, AuthorizerSpec } from '../authorizers/analysis.ts';
import type { CelVariables } from '../cel/compile.ts';
import { effectiveConfig } from './effective-config.ts';
import type { Answer, Query, RuleInput, WorldView } from '../rules/contract.ts';

const GROUP_VERSION = { group: 'string', version: 'string' } as const;

/** The types that expressions are checked against. */
export const VARIABLES = {
  object: 'dyn',
  oldObject: 'dyn',
  request: {
    operation: 'string',
    name: 'string',
    namespace: 'string',
    kind: { ...GROUP_VERSION, kind: 'string' },
    resource: { ...GROUP_VERSION, resource: 'string' },
    userInfo: { username: 'string', groups: 'list<string>' },
  },
  'namespaceObject?': { metadata: { name: 'string', labels: 'map<string, string>' } },
  'authzConfig?': {
    name: 'string',
    type: 'string',
    config: 'dyn',
    valid: 'bool',
    problems: 'list<map<string, string>>',
    hash: 'string',
    inline: 'bool',
  },
} as const satisfies CelVariables;

/** Every field that {@link VARIABLES} declares. */
export const FIELDS: readonly string[] = fieldNames(VARIABLES);

function fieldNames(type: object): readonly string[] {
  return Object.entries(type).flatMap(([name, inner]: readonly [string, unknown]) => [
    name.replace('?', ''),
    ...(typeof inner === 'object' && inner !== null ? fieldNames(inner) : []),
  ]);
}

export function requestOf({
  operation,
  name,
  namespace,
  object,
  oldObject,
  user,
}: RuleInput): Readonly<Record<string, unknown>> {
  const { apiVersion, kind } = object ?? oldObject;
  const [group, version] = [groupOf(apiVersion), apiVersion.slice(apiVersion.indexOf('/') + 1)];
  return {
    operation,
    name,
    namespace,
    kind: { group, version, kind },
    resource: { group, version, resource: resourceOfKind(kind) ?? '' },
    userInfo: { username: user?.username ?? '', groups: user?.groups ?? [] },
  };
}

/** Where the config of an object is to be had. */
export type ConfigSource =
  | { readonly from: 'none' }
  | { readonly from: 'object' | 'inline'; readonly name: string; readonly spec: AuthorizerSpec }
  | { readonly from: 'reference'; readonly namespace: string; readonly name: string };

const NONE: ConfigSource = { from: 'none' };

export function configSourceOf({ object, oldObject, namespace, name }: RuleInput): ConfigSource {
  const subject = object ?? oldObject;
  if (isAuthzConfig(subject)) {
    return { from: 'object', name, spec: authorizerSpecOf(subject) };
  }
  const { inline, reference } = authorizationOf(subject);
  // Where both are there, ToolHive takes the reference.
  if (reference !== undefined) {
    return { from: 'reference', namespace, name: reference };
  }
  return stringAt(inline, 'type') === 'inline'
    ? { from: 'inline', name: '', spec: { type: 'cedarv1', config: inlineConfig(inline) } }
    : NONE;
}

/** The fields of the inline form, under the names that they have in a config of type cedarv1. */
function inlineConfig(inline: unknown): Readonly<Record<string, unknown>> {
  const entries: readonly (readonly [string, unknown])[] = [
    ['policies', at(inline, 'inline', 'policies')],
    ['entities_json', at(inline, 'inline', 'entitiesJson') ?? '[]'],
    ['primary_upstream_provider', at(inline, 'inline', 'primaryUpstreamProvider')],
    ['group_claim_name', at(inline, 'groupClaimName')],
    ['role_claim_name', at(inline, 'roleClaimName')],
    ['group_entity_type', at(inline, 'groupEntityType')],
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

export function configQueries(source: ConfigSource): readonly Query[] {
  switch (source.from) {
    case 'none':
      return [];
    case 'reference':
      return [{ ask: 'authzConfig', namespace: source.namespace, name: source.name }];
    case 'object':
    case 'inline':
      return [{ ask: 'analysis', spec: source.spec }];
  }
}

/** The value of `authzConfig`: absent means null. */
export function configFacts(source: ConfigSource, world: WorldView): Answer<object> {
  switch (source.from) {
    case 'none':
      return { state: 'absent' };
    case 'reference':
      return mapAnswer(world.authzConfig(source.namespace, source.name), ({ object, analysis }) =>
        facts(source.name, authorizerSpecOf(object), analysis, false),
      );
    case 'object':
    case 'inline':
      return mapAnswer(world.analysis(source.spec), (analysis) =>
        facts(source.name, source.spec, analysis, source.from === 'inline'),
      );
  }
}

function facts(name: string, { type, config }: AuthorizerSpec, analysis: Analysis, inline: boolean): object {
  return {
    name,
    type,
    config: effectiveConfig(config),
    valid: analysis.problems.length === 0,
    problems: analysis.problems.map(({ path, reason, message }) => ({ path, reason, message })),
    hash: analysis.rendering?.hash ?? '',
    inline,
  };
}

/** The value of `namespaceObject`, with the label that every namespace has. */
export function namespaceFacts(
  name: string,
  world: WorldView,
): Answer<{ readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> } }> {
  return mapAnswer(world.namespace(name), ({ labels }) => ({
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
  }));
}

function mapAnswer<T, U>(answer: Answer<T>, to: (value: T) => U): Answer<U> {
  return answer.state === 'present' ? { state: 'present', value: to(answer.value) } : answer;
}
