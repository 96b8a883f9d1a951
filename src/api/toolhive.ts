/**
 * ToolHive's kinds, and where each of them carries authorization.
 * Source: the CustomResourceDefinitions of group toolhive.stacklok.dev (v0.44.0).
 */
import { at, fieldsOf, isJsonObject, stringAt, type JsonObject } from './json.ts';
import type { KubernetesObject } from './objects.ts';

export const GROUP = 'toolhive.stacklok.dev';

/** Newest first: the loop and the live reads use the first one that the API server serves. */
export const VERSIONS = ['v1beta1', 'v1alpha1'] as const;

export const AUTHZ_CONFIG = { kind: 'MCPAuthzConfig', resource: 'mcpauthzconfigs' } as const;

export type WorkloadKind = 'MCPServer' | 'MCPRemoteProxy' | 'VirtualMCPServer';

export interface WorkloadType {
  readonly kind: WorkloadKind;
  /** The plural, as in URLs and in webhook rules. */
  readonly resource: string;
  /** The object that holds `authzConfig` and `authzConfigRef`. */
  readonly authorizationPath: readonly string[];
  /** Authorizer types the workload can carry; undefined means every registered one. */
  readonly authorizerTypes?: readonly string[];
}

export const WORKLOADS: readonly WorkloadType[] = [
  { kind: 'MCPServer', resource: 'mcpservers', authorizationPath: ['spec'] },
  { kind: 'MCPRemoteProxy', resource: 'mcpremoteproxies', authorizationPath: ['spec'] },
  {
    kind: 'VirtualMCPServer',
    resource: 'virtualmcpservers',
    authorizationPath: ['spec', 'incomingAuth'],
    // vmcpconfig converter: "only cedarv1 is supported".
    authorizerTypes: ['cedarv1'],
  },
];

export function workloadType(kind: string): WorkloadType | undefined {
  return WORKLOADS.find((type) => type.kind === kind);
}

export function resourceOfKind(kind: string): string | undefined {
  return kind === AUTHZ_CONFIG.kind ? AUTHZ_CONFIG.resource : workloadType(kind)?.resource;
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** True for the three kinds that can refer to an MCPAuthzConfig, in either served version. */
export function isWorkload(object: KubernetesObject): boolean {
  return groupOf(object.apiVersion) === GROUP && workloadType(object.kind) !== undefined;
}

export function isAuthzConfig(object: KubernetesObject): boolean {
  return groupOf(object.apiVersion) === GROUP && object.kind === AUTHZ_CONFIG.kind;
}

/** What a workload says about authorization; both parts may be there although the CRDs forbid it. */
export interface Authorization {
  /** Where it is said, e.g. `spec.incomingAuth`. */
  readonly path: string;
  readonly holder: JsonObject | undefined;
  readonly inline: JsonObject | undefined;
  /** The name of the MCPAuthzConfig; always in the workload's own namespace. */
  readonly reference: string | undefined;
}

/** Every rule of a workload asks, so the path is written out once. */
const HOLDERS = new Map<string, readonly [string, readonly string[]]>(
  WORKLOADS.map(({ kind, authorizationPath }) => [kind, [authorizationPath.join('.'), authorizationPath]]),
);
const SPEC = ['spec', ['spec']] as const;

export function authorizationOf(workload: KubernetesObject): Authorization {
  const [path, keys] = HOLDERS.get(workload.kind) ?? SPEC;
  const holder = at(workload, ...keys);
  const { authzConfig: inline, authzConfigRef } = fieldsOf(holder);
  const { name: reference } = fieldsOf(authzConfigRef);
  return {
    path,
    holder: isJsonObject(holder) ? holder : undefined,
    inline: isJsonObject(inline) ? inline : undefined,
    reference: typeof reference === 'string' && reference !== '' ? reference : undefined,
  };
}

/** The spec of an MCPAuthzConfig; the CRD lets an object without any spec pass, hence the empty type. */
export function authorizerSpecOf(config: KubernetesObject): { readonly type: string; readonly config: unknown } {
  return { type: stringAt(config, 'spec', 'type') ?? '', config: at(config, 'spec', 'config') };
}

/** How the operator runs a workload: by which pods, and where their proxy reads its config from. */
export interface ProxyType {
  readonly kind: WorkloadKind;
  /** Value of {@link PROXY_LABEL} on the workload's pods. */
  readonly label: string;
  readonly container: string;
  /** The volume that holds the runtime config. */
  readonly volume: string;
  /** The operator's ConfigMap is `<workload><suffix>`. */
  readonly suffix: string;
  readonly key: string;
  /** On the operator's ConfigMap: the name of the workload. */
  readonly ownerLabel: string;
}

export const PROXY_LABEL = 'app.kubernetes.io/name';
export const INSTANCE_LABEL = 'app.kubernetes.io/instance';
export const OPERATOR_COMPONENT_LABEL = 'toolhive.stacklok.io/component';

const RUN_CONFIG = { container: 'toolhive', volume: 'runconfig', suffix: '-runconfig', key: 'runconfig.json' } as const;

export const PROXIES = [
  { kind: 'MCPServer', label: 'mcpserver', ...RUN_CONFIG, ownerLabel: 'toolhive.stacklok.io/mcp-server' },
  {
    kind: 'MCPRemoteProxy',
    label: 'mcpremoteproxy',
    ...RUN_CONFIG,
    ownerLabel: 'toolhive.stacklok.io/mcp-remote-proxy',
  },
  {
    kind: 'VirtualMCPServer',
    label: 'virtualmcpserver',
    container: 'vmcp',
    volume: 'vmcp-config',
    suffix: '-vmcp-config',
    key: 'config.yaml',
    ownerLabel: 'toolhive.stacklok.io/virtual-mcp-server',
  },
] as const satisfies readonly ProxyType[];

/** What tells a proxy's pod from every other, the backend's own pod included (labels of the operator's pod template). */
export const PROXY_POD_LABELS: Readonly<Record<string, readonly string[]>> = {
  toolhive: ['true'],
  [PROXY_LABEL]: PROXIES.map(({ label }) => label),
};

export function proxyType(kind: string): ProxyType | undefined {
  return PROXIES.find((type) => type.kind === kind);
}

/** Which workload a proxy's pod belongs to; undefined where its labels do not say. */
export function workloadOfPod(pod: KubernetesObject): { readonly type: ProxyType; readonly name: string } | undefined {
  const labels = pod.metadata.labels ?? {};
  const type = PROXIES.find(({ label }) => label === labels[PROXY_LABEL]);
  const name = labels[INSTANCE_LABEL];
  return labels['toolhive'] !== 'true' || type === undefined || name === undefined || name === ''
    ? undefined
    : { type, name };
}
