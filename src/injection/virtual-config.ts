/**
 * The config of a VirtualMCPServer (`config.yaml`): authorization is `incomingAuth.authz`, Cedar only.
 * Source: ToolHive's pkg/vmcp/config, AuthzConfig; and the operator's converter for what it cannot carry.
 */
import { isMap, parseDocument, type Document } from 'yaml';
import { at, isJsonObject, jsonEqual, stringAt } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { cedarContent, type CedarField } from './cedar-config.ts';
import type { ResolvedAuthorization, RuntimeConfig } from './authorization.ts';

const FIELDS = {
  policies: 'policies',
  entities_json: 'entitiesJson',
  primary_upstream_provider: 'primaryUpstreamProvider',
  group_claim_name: 'groupClaimName',
  role_claim_name: 'roleClaimName',
  group_entity_type: 'groupEntityType',
} as const satisfies Partial<Record<CedarField, string>>;

type Authz = Readonly<Record<string, unknown>>;

export function virtualConfigWith(operator: string, resolved: ResolvedAuthorization): RuntimeConfig {
  const wanted = authzFor(resolved);
  if ('refusal' in wanted) {
    return wanted;
  }
  const document = read(operator);
  if (document === undefined) {
    return { refusal: 'the operator\'s "config.yaml" cannot be read' };
  }
  if (!isMap(document.getIn(['incomingAuth']))) {
    return { refusal: 'the operator\'s "config.yaml" has no incomingAuth, to which authorization belongs' };
  }
  document.setIn(['incomingAuth', 'authz'], document.createNode(wanted.authz));
  // Quoted, so that a reader of YAML 1.1 takes none of our texts for something else.
  return { text: document.toString({ defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 }) };
}

export function carriesVirtualConfig(operator: string, resolved: ResolvedAuthorization): boolean {
  const wanted = authzFor(resolved);
  const found = at(read(operator)?.toJS(), 'incomingAuth', 'authz');
  return !('refusal' in wanted) && isJsonObject(found) && jsonEqual(withoutZeros(found), withoutZeros(wanted.authz));
}

/** The upstream that the workload declares wins: it says whose tokens it takes, a shared config cannot know. */
function authzFor({
  runtimeJson,
  upstream,
}: ResolvedAuthorization): { readonly authz: Authz } | { readonly refusal: string } {
  const full: unknown = JSON.parse(runtimeJson);
  const type = stringAt(full, 'type') ?? '';
  if (type !== 'cedarv1') {
    return { refusal: `a VirtualMCPServer cannot enforce a config of type "${type}"; only cedarv1 is supported` };
  }
  const content = cedarContent(at(full, 'cedar'));
  if (content.multi_valued_claims !== undefined) {
    return {
      refusal:
        'a VirtualMCPServer has no place for multi_valued_claims, so policies on claimset_… would not decide as written; ' +
        'refer to a config without it',
    };
  }
  const named = upstream === undefined ? content : { ...content, primary_upstream_provider: upstream };
  const entries = Object.entries(FIELDS).map(([field, name]) => [name, at(named, field)] as const);
  const given = entries.filter(([, value]) => value !== undefined);
  return { authz: { type: 'cedar', ...Object.fromEntries(given) } };
}

/** What `spec.authServerConfig` says about whose tokens claims are taken from; undefined without such a server. */
export function upstreamOfWorkload(workload: KubernetesObject): string | undefined {
  const server = at(workload, 'spec', 'authServerConfig');
  if (workload.kind !== 'VirtualMCPServer' || !isJsonObject(server)) {
    return undefined;
  }
  const named = stringAt(server, 'primaryUpstreamProvider') ?? '';
  const upstreams = at(server, 'upstreamProviders');
  const first: unknown = Array.isArray(upstreams) ? upstreams[0] : undefined;
  const name = named === '' ? (stringAt(first, 'name') ?? '') : named;
  return name === '' ? 'default' : name;
}

function withoutZeros(authz: Authz): Authz {
  return Object.fromEntries(
    Object.entries(authz).filter(
      ([, value]) => value !== null && value !== '' && value !== '[]' && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

function read(text: string): Document.Parsed | undefined {
  const document = parseDocument(text, { intAsBigInt: true }); // large integers keep their digits
  return document.errors.length === 0 && isMap(document.contents) ? document : undefined;
}
