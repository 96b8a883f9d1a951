/**
 * Writes, each one request. A refusal is an ApiError: API_CONFLICT where somebody else was there first (errors.ts tells
 * the kinds apart). Nothing is tried again here: whoever writes reads anew first.
 */
import { isKubernetesObject, type KubernetesObject } from '../api/objects.ts';
import type { ApiRequest, KubeClient } from './client.ts';
import { ApiError } from './errors.ts';

/** Our name in `metadata.managedFields`. */
export const FIELD_MANAGER = 'mcp-authz-webhook';

export interface ApplyOptions {
  readonly fieldManager: string;
  /** True takes fields away from other managers; false fails with FieldManagerConflict instead. */
  readonly force: boolean;
}

/** What must still be true of the object, else 409. */
export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface Writer {
  /** Server-side apply to the status subresource; `path` is the object's. */
  applyStatus(path: string, body: object, options: ApplyOptions, signal: AbortSignal): Promise<KubernetesObject>;
  /** Server-side apply; creates what is not there. */
  applyObject(path: string, body: object, options: ApplyOptions, signal: AbortSignal): Promise<KubernetesObject>;
  /** JSON merge patch (RFC 7396). A `metadata.resourceVersion` or `metadata.uid` in the patch is a precondition. */
  mergePatch(path: string, patch: object, signal: AbortSignal): Promise<KubernetesObject>;
  /** `path` is the collection's. */
  create(path: string, body: object, signal: AbortSignal): Promise<KubernetesObject>;
  /** Replaces the object; its `metadata.resourceVersion` is the precondition. */
  replace(path: string, body: object, signal: AbortSignal): Promise<KubernetesObject>;
  remove(path: string, preconditions: Preconditions, signal: AbortSignal): Promise<void>;
}

/**
 * `fence` is asked at the moment of each write, after everything that could take time: with a leader's `isLeader` a
 * process that was frozen in between writes nothing.
 */
export function createWriter(client: KubeClient, fence: () => boolean = () => true): Writer {
  const write = async (call: ApiRequest): Promise<KubernetesObject> => {
    const answer = await client.request({ ...call, fence, query: { fieldManager: FIELD_MANAGER, ...call.query } });
    if (!isKubernetesObject(answer)) {
      throw new ApiError('API_UNAVAILABLE', 200, 'the API server answered with something that is no object');
    }
    return answer;
  };
  const apply = (
    path: string,
    body: object,
    { fieldManager, force }: ApplyOptions,
    signal: AbortSignal,
  ): Promise<KubernetesObject> =>
    write({
      method: 'PATCH',
      path,
      query: { fieldManager, force: String(force) },
      body,
      contentType: 'application/apply-patch+yaml', // JSON is YAML; every served version understands this type
      signal,
    });
  return {
    applyStatus: (path, body, options, signal) => apply(`${path}/status`, body, options, signal),
    applyObject: apply,
    mergePatch: (path, patch, signal) =>
      write({ method: 'PATCH', path, body: patch, contentType: 'application/merge-patch+json', signal }),
    create: (path, body, signal) => write({ method: 'POST', path, body, signal }),
    replace: (path, body, signal) => write({ method: 'PUT', path, body, signal }),
    remove: async (path, preconditions, signal) => {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
      await client.request({ method: 'DELETE', path, body, fence, signal }); // answers the object or a Status
    },
  };
}
