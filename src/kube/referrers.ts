/** The workloads of one kind that refer to a config, page by page from the API server. */
import type { KubernetesObject } from '../api/objects.ts';
import { authorizationOf, type WorkloadType } from '../api/toolhive.ts';
import type { Referrer } from '../rules/contract.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';
import { listAll } from './list.ts';
import { objectPath } from './paths.ts';

/** The API server filters where the CRD allows it (`selectableFields`, ours do); the result is checked here anyway. */
export async function referrersOf(
  client: KubeClient,
  type: WorkloadType,
  version: string,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<readonly Referrer[]> {
  const path = objectPath(version, namespace, type.resource);
  const fieldSelector = `${type.authorizationPath.join('.')}.authzConfigRef.name=${escapeSelector(name)}`;
  try {
    return await collect(listAll(client, { path, fieldSelector, signal }), name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 400) {
      return collect(listAll(client, { path, signal }), name); // ToolHive's own CRDs have no selectable fields
    }
    throw error;
  }
}

async function collect(pages: AsyncIterable<readonly KubernetesObject[]>, name: string): Promise<readonly Referrer[]> {
  const found = new Map<string, Referrer>();
  for await (const page of pages) {
    for (const object of page) {
      if (authorizationOf(object).reference === name) {
        const referrer = { kind: object.kind, name: object.metadata.name ?? '' };
        found.set(referrer.name, referrer);
      }
    }
  }
  return [...found.values()];
}

/** Field selectors are a language of their own (k8s.io/apimachinery, fields.EscapeValue). */
function escapeSelector(value: string): string {
  return value.replace(/[\\,=]/g, (special) => `\\${special}`);
}

export function byKindAndName(left: Referrer, right: Referrer): number {
  return left.kind < right.kind
    ? -1
    : left.kind > right.kind
      ? 1
      : left.name < right.name
        ? -1
        : left.name > right.name
          ? 1
          : 0;
}
