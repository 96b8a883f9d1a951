/**
 * ToolHive's kinds, and where each of them carries authorization.
 * Source: the CustomResourceDefinitions of group toolhive.stacklok.dev (v0.44.0).
 */
import { at, isJsonObject, stringAt, type JsonObject } from './json.ts';
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

export function authorizationOf(workload: KubernetesObject): Authorization {
  const path = workloadType(workload.kind)?.authorizationPath ?? ['spec'];
  const holder = at(workload, ...path);
  const inline = at(holder, 'authzConfig');
  const reference = stringAt(holder, 'authzConfigRef', 'name');
  return {
    path: path.join('.'),
    holder: isJsonObject(holder) ? holder : undefined,
    inline: isJsonObject(inline) ? inline : undefined,
    reference: reference === '' ? undefined : reference,
  };
}

/** The spec of an MCPAuthzConfig; the CRD lets an object without any spec pass, hence the empty type. */
export function authorizerSpecOf(config: KubernetesObject): { readonly type: string; readonly config: unknown } {
  return { type: stringAt(config, 'spec', 'type') ?? '', config: at(config, 'spec', 'config') };
}
