/**
 * What a workload's own authorization comes to: the MCPAuthzConfig's spec that gives its proxy the same.
 *
 * Source of every rule: ToolHive's operator (pkg/controllerutil: inline options, LoadAuthzConfigFromConfigMap,
 * ApplyClaimMappingOverrides; pkg/vmcpconfig: converter, resolvePrimaryUpstreamProvider).
 */
import { at, isJsonObject, property, stringAt, type JsonObject } from '../../api/json.ts';
import { authorizationOf, workloadType } from '../../api/toolhive.ts';
import type { KubernetesObject } from '../../api/objects.ts';
import type { AuthorizerSpec } from '../../authorizers/analysis.ts';
import { authorizer, AUTHORIZERS } from '../../authorizers/registry.ts';
import { readManifests } from '../check/manifest.ts';

/** Fields of `authzConfig` that every form has, and what the config calls them. */
export const CLAIM_FIELDS: Readonly<Record<string, string>> = {
  groupClaimName: 'group_claim_name',
  roleClaimName: 'role_claim_name',
  groupEntityType: 'group_entity_type',
};

const DEFAULT_KEY = 'authz.json';

export type Effective =
  | { readonly spec: AuthorizerSpec; readonly form: 'inline' | 'configMap'; readonly notes: readonly string[] }
  | { readonly refused: string; readonly path: string };

export type FindConfigMap = (name: string) => KubernetesObject | { readonly refused: string };

/** Undefined where the workload says nothing of its own. */
export function effectiveAuthorization(workload: KubernetesObject, find: FindConfigMap): Effective | undefined {
  const { inline: own, reference, path, holder } = authorizationOf(workload);
  const here = `${path}.authzConfig`;
  if (at(holder, 'authzConfig') === undefined) {
    return undefined;
  }
  if (own === undefined) {
    return { refused: 'authzConfig is no map', path: here };
  }
  if (reference !== undefined || Object.hasOwn(holder ?? {}, 'authzConfigRef')) {
    return { refused: 'it has an authzConfigRef, too: decide for one of them first', path: `${path}.authzConfigRef` };
  }
  const stranger = strangerIn(own);
  if (stranger !== undefined) {
    return {
      refused: `ToolHive knows no field "${stranger}" here and drops it: correct or remove it first`,
      path: here,
    };
  }
  const found = own['type'] === 'inline' ? inlineSpec(workload, own) : configMapSpec(own, find);
  if ('refused' in found) {
    return { refused: found.refused, path: here };
  }
  const types = workloadType(workload.kind)?.authorizerTypes;
  return types !== undefined && !types.includes(found.spec.type)
    ? {
        refused: `MCPAuthzConfig type "${found.spec.type}" is not yet supported for ${workload.kind}; only ${types.join(', ')} is supported`,
        path: here,
      }
    : found;
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '': ['type', 'inline', 'configMap', ...Object.keys(CLAIM_FIELDS)],
  inline: ['policies', 'entitiesJson', 'primaryUpstreamProvider'],
  configMap: ['name', 'key'],
};

/** Somebody meant something by it; it would be lost without a word. */
function strangerIn(own: JsonObject): string | undefined {
  return Object.entries(FIELDS)
    .flatMap(([key, known]) => {
      const object = key === '' ? own : property(own, key);
      return isJsonObject(object) ? Object.keys(object).filter((name) => !known.includes(name)) : [];
    })
    .at(0);
}

type Found = Exclude<Effective, { readonly path: string }> | { readonly refused: string };

function inlineSpec(workload: KubernetesObject, own: JsonObject): Found {
  const inline = property(own, 'inline');
  if (!isJsonObject(inline) || at(own, 'configMap') !== undefined) {
    return { refused: "inline must be set when type is 'inline', and configMap must not" };
  }
  const provider = stringAt(inline, 'primaryUpstreamProvider') ?? '';
  const upstream = provider === '' ? {} : upstreamOf(workload, provider);
  if ('refused' in upstream) {
    return upstream;
  }
  const entities = at(inline, 'entitiesJson');
  return {
    form: 'inline',
    spec: {
      type: 'cedarv1',
      config: {
        policies: at(inline, 'policies') ?? [],
        // The CRD's default, and what the operator writes for an empty one.
        entities_json: entities === undefined || entities === '' ? '[]' : entities,
        ...claimFields(own),
      },
    },
    notes: upstream.note === undefined ? [] : [upstream.note],
  };
}

/** A shared config cannot say it: a VirtualMCPServer ignores it there, and the others ignored it inline. */
function upstreamOf(
  workload: KubernetesObject,
  provider: string,
): { readonly note?: string } | { readonly refused: string } {
  if (workload.kind !== 'VirtualMCPServer') {
    return { note: `primaryUpstreamProvider "${provider}" is left out: ToolHive ignores it on kind ${workload.kind}` };
  }
  const canonical = stringAt(workload, 'spec', 'authServerConfig', 'primaryUpstreamProvider') ?? '';
  if (canonical !== '') {
    return {
      note: `primaryUpstreamProvider "${provider}" is left out: spec.authServerConfig.primaryUpstreamProvider, "${canonical}", wins over it`,
    };
  }
  return {
    refused: `a shared config cannot name the primaryUpstreamProvider of a VirtualMCPServer: move "${provider}" to spec.authServerConfig.primaryUpstreamProvider first`,
  };
}

function configMapSpec(own: JsonObject, find: FindConfigMap): Found {
  const reference = property(own, 'configMap');
  const type = at(own, 'type') ?? 'configMap';
  if (type !== 'configMap' || !isJsonObject(reference) || at(own, 'inline') !== undefined) {
    return { refused: "configMap must be set when type is 'configMap' (the default), and inline must not" };
  }
  const name = stringAt(reference, 'name') ?? '';
  if (name === '') {
    return { refused: 'configMap authz config type specified but reference is missing name' };
  }
  const key = stringAt(reference, 'key') ?? '';
  const map = find(name);
  return 'refused' in map ? { refused: map.refused as string } : envelopeSpec(map, name, key || DEFAULT_KEY, own);
}

function envelopeSpec(map: KubernetesObject, name: string, key: string, own: JsonObject): Found {
  const raw = property(at(map, 'data'), key);
  if (typeof raw !== 'string') {
    return { refused: `ConfigMap "${name}" is missing key "${key}"` };
  }
  if (raw.trim() === '') {
    return { refused: `key "${key}" of ConfigMap "${name}" is empty` };
  }
  const where = `key "${key}" of ConfigMap "${name}"`;
  const { manifests, unreadable } = readManifests({ name: where, text: raw, named: true });
  const [fault] = unreadable;
  const envelope = manifests[0]?.value;
  if (fault !== undefined || manifests.length !== 1 || !isJsonObject(envelope)) {
    return { refused: `${where} cannot be parsed: ${fault?.message ?? 'it is no map'}` };
  }
  const [version, type] = [insensitive(envelope, 'version'), insensitive(envelope, 'type')];
  if (typeof version !== 'string' || version === '' || typeof type !== 'string' || type === '') {
    return { refused: `${where} is no authorization config: version and type are required` };
  }
  const backend = authorizer(type);
  if (backend === undefined) {
    const registered = AUTHORIZERS.map((each) => each.type).join(' ');
    return {
      refused: `type "${type}" of ${where} is not a registered authorizer backend (registered: [${registered}])`,
    };
  }
  const config = insensitive(envelope, backend.configKey);
  return {
    form: 'configMap',
    spec: { type, config: type === 'cedarv1' && isJsonObject(config) ? overridden(config, claimFields(own)) : config },
    notes: [`ConfigMap "${name}" stays, for whoever else uses it; remove it where nobody does`],
  };
}

/** Only what is not empty overrides. */
function claimFields(own: JsonObject): JsonObject {
  const given = Object.entries(CLAIM_FIELDS).map(([field, key]) => [key, at(own, field)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== ''));
}

/** Go takes keys in any case, so another spelling would win over the override, or lose to it by chance. */
function overridden(config: JsonObject, overrides: JsonObject): JsonObject {
  const kept = Object.entries(config).filter(([key]) => !Object.hasOwn(overrides, key.toLowerCase()));
  return Object.fromEntries([...kept, ...Object.entries(overrides)]);
}

/** As Go matches keys: the exact one first, else any case. */
function insensitive(object: JsonObject, key: string): unknown {
  const other = Object.keys(object).find((name) => name.toLowerCase() === key);
  return property(object, key) ?? (other === undefined ? undefined : property(object, other));
}
