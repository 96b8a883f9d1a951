/** An API server in a map: it answers the reads that admission asks for, and nothing ever changes in it. */
import type { KubernetesObject } from '../../src/api/objects.ts';
import { at } from '../../src/api/json.ts';
import { GROUP, resourceOfKind, VERSIONS } from '../../src/api/toolhive.ts';
import type { ApiRequest, KubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';

const RESOURCES = ['mcpauthzconfigs', 'mcpservers', 'mcpremoteproxies', 'virtualmcpservers'];
const CORE: Readonly<Record<string, string>> = { ConfigMap: 'configmaps', Pod: 'pods', Secret: 'secrets' };

export function createStillCluster(objects: readonly KubernetesObject[]): KubeClient {
  const byPath = new Map<string, KubernetesObject>();
  const collections = new Map<string, KubernetesObject[]>();
  for (const object of objects) {
    const path = collectionOf(object);
    byPath.set(`${path}/${object.metadata.name ?? ''}`, object);
    collections.set(path, [...(collections.get(path) ?? []), object]);
  }
  const get = (path: string): unknown => {
    const found = byPath.get(path);
    if (found === undefined) {
      throw new ApiError('API_NOT_FOUND', 404, `${path} not found`, { objectName: path.split('/').pop() ?? '' });
    }
    return found;
  };
  const list = (path: string, labelSelector: string | undefined): unknown => {
    const [key = '', value = ''] = (labelSelector ?? '').split('=');
    const found = collections.get(path) ?? [];
    const items = key === '' ? found : found.filter(({ metadata }) => metadata.labels?.[key] === value);
    return { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items };
  };
  const answer = ({ method, path, query, body }: ApiRequest): unknown => {
    if (method === 'POST') {
      const groups = at(body, 'spec', 'groups');
      return { status: { allowed: Array.isArray(groups) && groups.includes('glass-breakers') } };
    }
    if (path === `/apis/${GROUP}`) {
      return { versions: VERSIONS.map((version) => ({ version })) };
    }
    if (VERSIONS.some((version) => path === `/apis/${GROUP}/${version}`)) {
      return { resources: RESOURCES.map((name) => ({ name })) };
    }
    return path.split('/').length % 2 === (path.startsWith('/apis/') ? 1 : 0)
      ? list(path, query?.['labelSelector'])
      : get(path);
  };
  return {
    request: (call) =>
      new Promise((resolve) => {
        resolve(answer(call));
      }),
    stream: () => Promise.reject(new ApiError('API_UNAVAILABLE', 0, 'nothing is watched here')),
    close: () => undefined,
  };
}

/** Of every served version the newest, as discovery says. */
function collectionOf({ kind, metadata: { namespace = '' } }: KubernetesObject): string {
  if (kind === 'Namespace') {
    return '/api/v1/namespaces';
  }
  const core = CORE[kind];
  return core === undefined
    ? `/apis/${GROUP}/${VERSIONS[0]}/namespaces/${namespace}/${resourceOfKind(kind) ?? ''}`
    : `/api/v1/namespaces/${namespace}/${core}`;
}
