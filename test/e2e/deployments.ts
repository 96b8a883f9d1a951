/** What ToolHive's operator makes of a workload, as far as injection meets it: runtime config, Deployment, and its eye on both. */
import { at, isJsonObject, jsonEqual, stringAt } from '../../src/api/json.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { getObject } from '../../src/kube/get.ts';
import { listAll } from '../../src/kube/list.ts';
import { operatorConfig, podTemplate, type ProxyKind } from '../support/pods.ts';
import { hasCode, type Api } from './api.ts';

const signal = AbortSignal.timeout(60 * 60_000);

export interface Cluster {
  get(path: string): Promise<KubernetesObject | undefined>;
  list(path: string): Promise<readonly KubernetesObject[]>;
  create(path: string, object: object): Promise<void>;
  put(path: string, object: object): Promise<void>;
  merge(path: string, patch: object): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Any resource of one namespace, e.g. `apps/v1/deployments/w` or `v1/pods`. */
export function clusterOf({ client }: Pick<Api, 'client'>, namespace: string): Cluster {
  const url = (path: string): string => {
    const parts = path.split('/');
    const [root, rest] =
      parts[0] === 'v1' ? ['/api/v1', parts.slice(1)] : [`/apis/${parts.slice(0, 2).join('/')}`, parts.slice(2)];
    return `${root}/namespaces/${namespace}/${rest.join('/')}`;
  };
  return {
    get: (path) => getObject(client, url(path), signal),
    list: async (path) => {
      const found: KubernetesObject[] = [];
      for await (const page of listAll(client, { path: url(path), signal })) {
        found.push(...page);
      }
      return found;
    },
    create: async (path, body) => {
      await client.request({ method: 'POST', path: url(path), body, signal });
    },
    put: async (path, body) => {
      await client.request({ method: 'PUT', path: url(path), body, signal });
    },
    merge: async (path, body) => {
      const contentType = 'application/merge-patch+json';
      await client.request({ method: 'PATCH', path: url(path), body, contentType, signal });
    },
    remove: async (path) => {
      await client.request({ method: 'DELETE', path: url(path), signal });
    },
  };
}

function owner({ apiVersion, kind, metadata: { name, uid } }: KubernetesObject): object {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export function deployment(kind: ProxyKind, workload: KubernetesObject, replicas = 1): KubernetesObject {
  const { name = '', namespace = '' } = workload.metadata;
  const template = podTemplate(kind, name);
  const { labels } = template.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels, ownerReferences: [owner(workload)] },
    spec: { replicas, selector: { matchLabels: labels }, template },
  };
}

/** The runtime config and the Deployment of a workload, once. */
export async function operate(
  cluster: Cluster,
  kind: ProxyKind,
  workload: KubernetesObject,
  replicas = 1,
  runConfig?: string,
): Promise<void> {
  const { name = '', namespace = '' } = workload.metadata;
  const config = operatorConfig(kind, name, runConfig);
  await cluster.create('v1/configmaps', {
    ...config,
    metadata: { ...config.metadata, namespace, ownerReferences: [owner(workload)] },
  });
  await cluster.create('apps/v1/deployments', deployment(kind, workload, replicas));
}

export interface StandIn {
  /** How often it found its Deployment or ConfigMap changed and wrote it anew. */
  readonly rewrites: () => number;
  readonly looks: () => number;
  stop(): Promise<void>;
}

/**
 * Rewrites its Deployment and its ConfigMap whenever they differ from what it wants: the labels and annotations of
 * Deployment and template as whole maps, the containers with their mounts, the volumes. Stricter than any release.
 */
export function startStandIn(cluster: Cluster, kind: ProxyKind, workload: KubernetesObject): StandIn {
  const name = workload.metadata.name ?? '';
  const wanted = deployment(kind, workload);
  const config = operatorConfig(kind, name);
  const configPath = `v1/configmaps/${config.metadata.name ?? ''}`;
  let stopped = false;
  let rewrites = 0;
  let looks = 0;

  async function look(): Promise<void> {
    const [live, map] = await Promise.all([cluster.get(`apps/v1/deployments/${name}`), cluster.get(configPath)]);
    looks += 1;
    if (live !== undefined && !jsonEqual(said(live), said(wanted))) {
      rewrites += 1;
      await cluster.put(`apps/v1/deployments/${name}`, {
        ...live,
        metadata: { ...live.metadata, labels: wanted.metadata.labels },
        spec: wanted['spec'],
      });
    }
    if (
      map !== undefined &&
      !(
        jsonEqual(map['data'], config['data']) &&
        jsonEqual(map.metadata.labels, config.metadata.labels) &&
        map.metadata.annotations === undefined
      )
    ) {
      rewrites += 1;
      await cluster.put(configPath, {
        ...config,
        metadata: {
          ...config.metadata,
          namespace: map.metadata.namespace,
          resourceVersion: map.metadata.resourceVersion,
        },
      });
    }
  }

  const running = (async () => {
    while (!stopped) {
      await look().catch((error: unknown) => {
        if (!hasCode(error, 'API_CONFLICT')) {
          throw error;
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    rewrites: () => rewrites,
    looks: () => looks,
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

/** What the operator compares, without what the API server fills in. */
function said(object: KubernetesObject): unknown {
  const template = at(object, 'spec', 'template');
  const containers = objects(at(template, 'spec', 'containers')).map((container) => ({
    name: container['name'],
    image: container['image'],
    mounts: objects(container['volumeMounts']).map((mount) => [mount['name'], mount['mountPath']]),
    env: container['env'] ?? [],
  }));
  const volumes = objects(at(template, 'spec', 'volumes')).map((volume) => [
    volume['name'],
    stringAt(volume, 'configMap', 'name'),
  ]);
  return [
    object.metadata.labels,
    at(template, 'metadata', 'labels'),
    at(template, 'metadata', 'annotations'),
    containers,
    volumes,
  ];
}

export function objects(list: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
