/** The API server for tests that would be too slow through kubectl: as administrator, over one kept-alive connection. */
import { at, isJsonObject, type JsonObject } from '../../src/api/json.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { createKubeClient, loadKubeConfig, type KubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { listAll } from '../../src/kube/list.ts';
import { getObject } from '../../src/kube/get.ts';
import { metricSum, scrape } from '../support/metrics.ts';
import { sharedCluster } from './cluster.ts';

const GROUP = '/apis/toolhive.stacklok.dev/v1beta1';

export interface Api {
  readonly client: KubeClient;
  create(namespace: string, resource: string, object: object): Promise<KubernetesObject>;
  get(namespace: string, resource: string, name: string): Promise<KubernetesObject | undefined>;
  list(namespace: string, resource: string): Promise<readonly KubernetesObject[]>;
  /** JSON merge patch, by `manager`. */
  patch(
    namespace: string,
    resource: string,
    name: string,
    patch: object,
    manager?: string,
    subresource?: '/status',
  ): Promise<KubernetesObject>;
  /** Replaces the status subresource; its resourceVersion is the precondition. */
  putStatus(namespace: string, resource: string, object: KubernetesObject, manager: string): Promise<void>;
  remove(namespace: string, resource: string, name: string): Promise<void>;
  close(): void;
}

export function adminApi(kubeconfig = sharedCluster().kubeconfig): Api {
  const client = createKubeClient(loadKubeConfig({ kubeconfig }));
  const signal = AbortSignal.timeout(30 * 60_000);
  const path = (namespace: string, resource: string, name?: string): string =>
    `${GROUP}/namespaces/${namespace}/${resource}${name === undefined ? '' : `/${name}`}`;
  return {
    client,
    create: async (namespace, resource, object) =>
      (await client.request({
        method: 'POST',
        path: path(namespace, resource),
        body: object,
        signal,
      })) as KubernetesObject,
    get: (namespace, resource, name) => getObject(client, path(namespace, resource, name), signal),
    list: async (namespace, resource) => {
      const objects: KubernetesObject[] = [];
      for await (const page of listAll(client, { path: path(namespace, resource), signal })) {
        objects.push(...page);
      }
      return objects;
    },
    patch: async (namespace, resource, name, patch, manager = 'test', subresource) =>
      (await client.request({
        method: 'PATCH',
        path: `${path(namespace, resource, name)}${subresource ?? ''}`,
        query: { fieldManager: manager },
        body: patch,
        contentType: 'application/merge-patch+json',
        signal,
      })) as KubernetesObject,
    putStatus: async (namespace, resource, object, manager) => {
      await client.request({
        method: 'PUT',
        path: `${path(namespace, resource, object.metadata.name)}/status`,
        query: { fieldManager: manager },
        body: object,
        signal,
      });
    },
    remove: async (namespace, resource, name) => {
      await client.request({ method: 'DELETE', path: path(namespace, resource, name), signal });
    },
    close: () => {
      client.close();
    },
  };
}

export function conditionOf(object: KubernetesObject | undefined, type: string): JsonObject | undefined {
  const conditions = at(object, 'status', 'conditions');
  return Array.isArray(conditions)
    ? conditions.filter(isJsonObject).find((condition) => condition['type'] === type)
    : undefined;
}

/** The value of one metric, summed over its labels (those that `labels` names must match). */
export async function metric(
  port: number,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  return metricSum(await scrape(port), name, labels);
}

/** Runs `work` over `items`, so many at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

export function hasCode(error: unknown, code: ApiError['code']): boolean {
  return error instanceof ApiError && error.code === code;
}
