/** The smallest objects that a real API server admits, of each kind. */
import { PLANTED } from '../support/planted.ts';

export const KINDS = [
  { kind: 'MCPServer', resource: 'mcpservers', path: 'spec' },
  { kind: 'MCPRemoteProxy', resource: 'mcpremoteproxies', path: 'spec' },
  { kind: 'VirtualMCPServer', resource: 'virtualmcpservers', path: 'spec.incomingAuth' },
] as const;

export type Kind = (typeof KINDS)[number]['kind'];
export type Version = 'v1beta1' | 'v1alpha1';

/** Whoever finds the word in it anywhere but in the object itself has found a leak (test/output). */
export const POLICY = `@note("${PLANTED.policy}") permit(principal, action == Action::"call_tool", resource == Tool::"weather");`;
const OIDC = { oidcConfigRef: { name: 'corporate', audience: 'tools' } };

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

export function workload(kind: Kind, name: string, authorization: object, version: Version = 'v1beta1'): Manifest {
  const specs: Record<Kind, Record<string, unknown>> = {
    MCPServer: { image: 'example.com/server:1', ...OIDC, ...authorization },
    MCPRemoteProxy: { remoteUrl: 'https://mcp.example.com', ...OIDC, ...authorization },
    VirtualMCPServer: { groupRef: { name: 'g' }, incomingAuth: { type: 'oidc', ...OIDC, ...authorization } },
  };
  return { apiVersion: `toolhive.stacklok.dev/${version}`, kind, metadata: { name }, spec: specs[kind] };
}

export function config(name: string, policies: readonly string[] = [POLICY], version: Version = 'v1beta1'): Manifest {
  return {
    apiVersion: `toolhive.stacklok.dev/${version}`,
    kind: 'MCPAuthzConfig',
    metadata: { name },
    spec: { type: 'cedarv1', config: { policies } },
  };
}

export const REFERENCE = { authzConfigRef: { name: 'shared' } };
export const INLINE = { authzConfig: { type: 'inline', inline: { policies: [POLICY] } } };
