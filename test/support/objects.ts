/** The smallest objects that tests are about. */
import type { KubernetesObject } from '../../src/api/objects.ts';
import type { Analysis } from '../../src/authorizers/analysis.ts';
import type { CreateInput, DeleteInput, ResolvedConfig, UpdateInput } from '../../src/rules/contract.ts';

export const NOW = new Date('2026-11-24T00:00:00Z');

export function workload(
  kind: string,
  spec: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
): KubernetesObject {
  return {
    apiVersion: 'toolhive.stacklok.dev/v1beta1',
    kind,
    metadata: { name: 'w', namespace: 'ns', ...metadata },
    spec,
  };
}

export function server(spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): KubernetesObject {
  return workload('MCPServer', { image: 'example.com/server:1', ...spec }, metadata);
}

export function virtualServer(incomingAuth: Record<string, unknown>): KubernetesObject {
  return workload('VirtualMCPServer', { groupRef: { name: 'g' }, incomingAuth: { type: 'oidc', ...incomingAuth } });
}

export function config(spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): KubernetesObject {
  return {
    apiVersion: 'toolhive.stacklok.dev/v1beta1',
    kind: 'MCPAuthzConfig',
    metadata: { name: 'a', namespace: 'ns', resourceVersion: '7', ...metadata },
    spec: { type: 'cedarv1', config: { policies: ['permit(principal, action, resource);'] }, ...spec },
  };
}

export function create(object: KubernetesObject): CreateInput {
  return { operation: 'CREATE', object, namespace: 'ns', name: object.metadata.name ?? '', now: NOW };
}

export function update(oldObject: KubernetesObject, object: KubernetesObject): UpdateInput {
  return { operation: 'UPDATE', object, oldObject, namespace: 'ns', name: object.metadata.name ?? '', now: NOW };
}

export function remove(oldObject: KubernetesObject, username = 'alice'): DeleteInput {
  return {
    operation: 'DELETE',
    oldObject,
    namespace: 'ns',
    name: oldObject.metadata.name ?? '',
    user: { username, groups: [] },
    now: NOW,
  };
}

export const VALID: Analysis = {
  type: 'cedarv1',
  problems: [],
  advice: [],
  rendering: { toolhiveHash: 'ca88b29d', runtimeJson: '{"version":"1.0"}', hash: 'f00d' },
};

export function resolved(analysis: Partial<Analysis> = {}, metadata: Record<string, unknown> = {}): ResolvedConfig {
  return { object: config({}, metadata), analysis: { ...VALID, ...analysis } };
}
