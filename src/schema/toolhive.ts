/**
 * What ToolHive's CRDs say about authorization, for manifests that meet no API server. Names and rules of v0.44.0
 * (group toolhive.stacklok.dev, both versions alike); everything that is not about authorization is only named, and
 * open. Whoever has the CRDs at hand gives them instead.
 */
import type { WorkloadKind } from '../api/toolhive.ts';
import type { StructuralSchema } from './structural-schema.ts';

const STRING: StructuralSchema = { type: 'string' };
const NAME: StructuralSchema = { type: 'string', minLength: 1 };
const PROVIDER: StructuralSchema = {
  type: 'string',
  minLength: 1,
  maxLength: 63,
  pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
};
const OPEN: StructuralSchema = { 'x-kubernetes-preserve-unknown-fields': true };

function object(properties: Readonly<Record<string, StructuralSchema>>, ...required: string[]): StructuralSchema {
  return { type: 'object', properties, required };
}

const AUTHZ_CONFIG_REF = object({ name: NAME }, 'name');

const AUTHZ_CONFIG: StructuralSchema = {
  ...object(
    {
      type: { type: 'string', enum: ['configMap', 'inline'], default: 'configMap' },
      configMap: object({ name: STRING, key: { type: 'string', default: 'authz.json' } }, 'name'),
      inline: object(
        {
          policies: { type: 'array', items: STRING, minItems: 1 },
          entitiesJson: { type: 'string', default: '[]' },
          primaryUpstreamProvider: PROVIDER,
        },
        'policies',
      ),
      groupClaimName: { type: 'string', maxLength: 253 },
      roleClaimName: { type: 'string', maxLength: 253 },
      groupEntityType: { type: 'string', maxLength: 63, pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
    },
    'type',
  ),
  'x-kubernetes-validations': [
    {
      rule: "self.type == 'configMap' ? has(self.configMap) : !has(self.configMap)",
      message: "configMap must be set when type is 'configMap', and must not be set otherwise",
    },
    {
      rule: "self.type == 'inline' ? has(self.inline) : !has(self.inline)",
      message: "inline must be set when type is 'inline', and must not be set otherwise",
    },
  ],
};

const OIDC_CONFIG_REF = object(
  { name: NAME, audience: NAME, scopes: { type: 'array', items: STRING }, resourceUrl: STRING },
  'audience',
  'name',
);

const AUTHORIZATION = { authzConfig: AUTHZ_CONFIG, authzConfigRef: AUTHZ_CONFIG_REF };

function named(names: string): Readonly<Record<string, StructuralSchema>> {
  return Object.fromEntries(names.split(' ').map((name) => [name, OPEN]));
}

const SPECS: Readonly<Record<WorkloadKind | 'MCPAuthzConfig', StructuralSchema>> = {
  MCPAuthzConfig: object({ type: NAME, config: { ...OPEN, type: 'object' } }, 'config', 'type'),
  MCPServer: object(
    {
      ...named(
        'args audit authServerRef backendReplicas endpointPrefix env externalAuthConfigRef groupRef mcpPort ' +
          'permissionProfile podTemplateSpec proxyMode proxyPort rateLimiting replicas resourceOverrides resources ' +
          'secrets serviceAccount sessionAffinity sessionStorage telemetryConfigRef toolConfigRef transport ' +
          'trustProxyHeaders volumes webhookConfigRef',
      ),
      image: STRING,
      oidcConfigRef: OIDC_CONFIG_REF,
      ...AUTHORIZATION,
    },
    'image',
  ),
  MCPRemoteProxy: object(
    {
      ...named(
        'allowPrivateEndpoint audit authServerRef endpointPrefix externalAuthConfigRef groupRef headerForward ' +
          'podTemplateSpec proxyPort replicas resourceOverrides resources serviceAccount sessionAffinity ' +
          'sessionStorage telemetryConfigRef toolConfigRef transport trustProxyHeaders',
      ),
      remoteUrl: { type: 'string', pattern: '^https?://' },
      oidcConfigRef: OIDC_CONFIG_REF,
      ...AUTHORIZATION,
    },
    'remoteUrl',
  ),
  VirtualMCPServer: object(
    {
      ...named(
        'authServerConfig config embeddingServerRef groupRef imagePullSecrets outgoingAuth passthroughHeaders ' +
          'podTemplateSpec replicas serviceAccount serviceType sessionAffinity sessionStorage telemetryConfigRef',
      ),
      incomingAuth: {
        ...object(
          {
            type: { type: 'string', enum: ['anonymous', 'oidc'] },
            oidcConfigRef: OIDC_CONFIG_REF,
            ...AUTHORIZATION,
          },
          'type',
        ),
        'x-kubernetes-validations': [
          {
            rule: "self.type == 'oidc' ? has(self.oidcConfigRef) : true",
            message: 'spec.incomingAuth.oidcConfigRef is required when type is oidc',
          },
        ],
      },
    },
    'groupRef',
    'incomingAuth',
  ),
};

/** The rule that one place has only one kind of authorization is one of ours (mutual-exclusion), so it is not repeated. */
export const TOOLHIVE_SCHEMAS: ReadonlyMap<string, StructuralSchema> = new Map(
  Object.entries(SPECS).map(([kind, spec]) => [
    kind,
    { type: 'object', properties: { apiVersion: STRING, kind: STRING, metadata: OPEN, spec, status: OPEN } },
  ]),
);
