/** Live reads of what a pass is about; the caches only say that there is something to look at. Many at once come by the page. */
import type { KubernetesObject } from '../api/objects.ts';
import { GROUP } from '../api/toolhive.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Discovery } from '../kube/discovery.ts';
import { getObject } from '../kube/get.ts';
import { listPages, type ListPage } from '../kube/list.ts';
import { objectPath } from '../kube/paths.ts';
import type { ReadAhead } from './read-ahead.ts';

export interface LiveObject {
  readonly path: string;
  readonly object: KubernetesObject;
}

export type GetLive = (
  resource: string,
  namespace: string,
  name: string,
  signal: AbortSignal,
) => Promise<LiveObject | undefined>;

export function createGetLive(client: KubeClient, discovery: Discovery, ahead: Pick<ReadAhead, 'take'>): GetLive {
  return async (resource, namespace, name, signal) => {
    const served = await discovery.served(signal);
    if (served === undefined) {
      throw new Error(`the API server does not serve ${GROUP}`);
    }
    const path = objectPath(served.version, namespace, resource, name);
    const object = (await ahead.take(resource, namespace, name, signal)) ?? (await getObject(client, path, signal));
    return object === undefined ? undefined : { path, object };
  };
}

/** So many are in memory at a time. */
const PAGE = 100;

export async function* pagesOf(
  client: KubeClient,
  discovery: Discovery,
  resource: string,
  namespace: string,
  signal: AbortSignal,
): AsyncGenerator<ListPage> {
  const served = await discovery.served(signal);
  if (served !== undefined) {
    yield* listPages(client, { path: objectPath(served.version, namespace, resource), page: PAGE, signal });
  }
}
