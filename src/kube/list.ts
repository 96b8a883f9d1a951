/** Lists in pages, so that a namespace of any size costs the memory of one page. */
import { property, stringAt } from '../api/json.ts';
import { isKubernetesObject, type KubernetesObject } from '../api/objects.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';

export interface ListOptions {
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Objects a page, where they are large. */
  readonly page?: number;
  /** Without spec and status, and of another kind: PartialObjectMetadata. */
  readonly metadataOnly?: boolean;
  readonly signal: AbortSignal;
}

export interface ListPage {
  readonly items: readonly KubernetesObject[];
  /** Of the whole list: where a watch goes on from. */
  readonly resourceVersion: string;
}

const PAGE = 500;
/** What cannot give metadata alone gives whole objects, which have them too. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/**
 * The pages of one consistent list. List items carry no kind of their own; `kind` and `apiVersion` are filled in from
 * the list. @throws ApiError API_GONE where the list outlives the API server's memory of its first page.
 */
export async function* listPages(
  client: Pick<KubeClient, 'request'>,
  { path, fieldSelector, labelSelector, page: length = PAGE, metadataOnly, signal }: ListOptions,
): AsyncGenerator<ListPage> {
  let limit = length;
  let next: string | undefined = '';
  while (next !== undefined) {
    const query = {
      limit: String(limit),
      ...(next === '' ? {} : { continue: next }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
    const form = metadataOnly === true ? { accept: METADATA_ONLY } : {};
    const page = await client.request({ method: 'GET', path, query, ...form, signal }).catch(tooLarge);
    if (page === TOO_LARGE && limit > 1) {
      limit = Math.ceil(limit / 10);
      continue;
    }
    yield { items: items(page), resourceVersion: stringAt(page, 'metadata', 'resourceVersion') ?? '' };
    const token = stringAt(page, 'metadata', 'continue');
    next = token === '' ? undefined : token;
  }
}

const TOO_LARGE = Symbol('too large');

function tooLarge(error: unknown): typeof TOO_LARGE {
  if (error instanceof ApiError && error.code === 'API_TOO_LARGE') {
    return TOO_LARGE;
  }
  throw error;
}

/**
 * Every object, page by page. Where the list outlives the API server's memory of its first page (410), it starts again:
 * an object may then come twice, but none is missed (Kubernetes documentation, API concepts, "Retrieving large results
 * sets in chunks").
 */
export async function* listAll(client: KubeClient, options: ListOptions): AsyncGenerator<readonly KubernetesObject[]> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      for await (const { items: objects } of listPages(client, options)) {
        yield objects;
      }
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'API_GONE' || restarts === 3) {
        throw error;
      }
    }
  }
}

function items(page: unknown): readonly KubernetesObject[] {
  const given = property(page, 'items');
  const list = given === null ? [] : given; // how Go writes the list of metadata where there is none
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
