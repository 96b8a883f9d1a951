/** A proxy's pod and its runtime config, as ToolHive's operator makes them (Deployment's pod template, ConfigMap). */
import type { KubernetesObject } from '../../src/api/objects.ts';
import { PROXIES } from '../../src/api/toolhive.ts';

export type ProxyKind = (typeof PROXIES)[number]['kind'];
export const PROXY_KINDS = PROXIES.map(({ kind }) => kind);

function typeOf(kind: ProxyKind): (typeof PROXIES)[number] {
  const type = PROXIES.find((each) => each.kind === kind);
  if (type === undefined) {
    throw new Error(kind);
  }
  return type;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
  readonly spec: Record<string, unknown>;
}

export function podTemplate(kind: ProxyKind, workload: string): PodTemplate {
  const { label, container, volume, suffix } = typeOf(kind);
  const mountPath = `/etc/${volume}`;
  return {
    metadata: {
      labels: {
        app: label,
        'app.kubernetes.io/name': label,
        'app.kubernetes.io/instance': workload,
        toolhive: 'true',
        'toolhive-name': workload,
      },
      annotations: { 'toolhive.stacklok.dev/runconfig-checksum': 'a'.repeat(64) },
    },
    spec: {
      initContainers: [
        { name: 'prepare', image: 'example.com/prepare:1', volumeMounts: [{ name: volume, mountPath }] },
      ],
      containers: [
        { name: 'sidecar', image: 'example.com/sidecar:1' },
        { name: container, image: 'example.com/proxy:1', volumeMounts: [{ name: volume, mountPath, readOnly: true }] },
      ],
      volumes: [
        { name: 'scratch', emptyDir: {} },
        { name: volume, configMap: { name: `${workload}${suffix}`, defaultMode: 420 } },
      ],
    },
  };
}

/** As a ReplicaSet asks for it: no name yet. */
export function pod(kind: ProxyKind, workload: string, more: Partial<KubernetesObject> = {}): KubernetesObject {
  const { metadata, spec } = podTemplate(kind, workload);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, generateName: `${workload}-6f-`, namespace: 'ns' },
    spec,
    ...more,
  };
}

export const MIDDLEWARES = [{ type: 'auth' }, { type: 'mcp-parser' }, { type: 'telemetry' }];

/** The operator's runtime config, without authorization unless it is given. */
export function operatorConfig(kind: ProxyKind, workload: string, data?: string): KubernetesObject {
  const { suffix, key, ownerLabel } = typeOf(kind);
  const plain =
    kind === 'VirtualMCPServer'
      ? `name: ${workload}\nincomingAuth:\n  type: oidc\n`
      : JSON.stringify({ name: workload, middleware_configs: MIDDLEWARES });
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `${workload}${suffix}`,
      namespace: 'ns',
      labels: {
        'toolhive.stacklok.io/component': kind === 'VirtualMCPServer' ? 'vmcp-config' : 'run-config',
        [ownerLabel]: workload,
      },
    },
    data: { [key]: data ?? plain },
  };
}
