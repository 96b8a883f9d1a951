/** One object, live from the API server. */
import { isKubernetesObject, type KubernetesObject } from '../api/objects.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';

/** Undefined only where the API server names the object as not found; a missing resource type is an error. */
export async function getObject(
  client: KubeClient,
  path: string,
  signal: AbortSignal,
): Promise<KubernetesObject | undefined> {
  try {
    const object = await client.request({ method: 'GET', path, signal });
    if (!isKubernetesObject(object)) {
      throw new ApiError('API_UNAVAILABLE', 200, 'the API server answered with something that is no object');
    }
    return object;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'API_NOT_FOUND' && error.objectName !== undefined) {
      return undefined;
    }
    throw error;
  }
}
