/** Lists in pages, so that a namespace of any size costs the memory of one page. */
import { at, stringAt } from '../api/json.ts';
import { isKubernetesObject, type KubernetesObject } from '../api/objects.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';

export interface ListOptions {
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  readonly signal: AbortSignal;
}

const PAGE = 500;

/**
 * Every object, page by page. Where the list outlives the API server's memory of its first page (410), it starts again:
 * an object may then come twice, but none is missed (Kubernetes documentation, API concepts, "Retrieving large results
 * sets in chunks"). List items carry no kind of their own; `kind` and `apiVersion` are filled in from the list.
 */
export async function* listAll(client: KubeClient, options: ListOptions): AsyncGenerator<readonly KubernetesObject[]> {
  let next: string | undefined = '';
  let restarts = 0;
  while (next !== undefined) {
    try {
      const page = await client.request({
        method: 'GET',
        path: options.path,
        query: {
          limit: String(PAGE),
          ...(next === '' ? {} : { continue: next }),
          ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
          ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
        },
        signal: options.signal,
      });
      yield items(page);
      const token = stringAt(page, 'metadata', 'continue');
      next = token === '' ? undefined : token;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'API_GONE' || restarts === 3) {
        throw error;
      }
      restarts += 1;
      next = '';
    }
  }
}

function items(page: unknown): readonly KubernetesObject[] {
  const list = at(page, 'items');
  if (!Array.isArray(list)) {
    throw new ApiError('API_UNAVAILABLE', 200, 'the API server answered with something that is no list');
  }
  const kind = (stringAt(page, 'kind') ?? '').replace(/List$/, '');
  const apiVersion = stringAt(page, 'apiVersion') ?? '';
  return list.map((item: unknown) => {
    const object: unknown = typeof item === 'object' && item !== null ? { apiVersion, kind, ...item } : item;
    if (!isKubernetesObject(object)) {
      throw new ApiError('API_UNAVAILABLE', 200, 'the API server listed something that is no object');
    }
    return object;
  });
}
