/** The workloads of one kind that refer to a config, page by page from the API server. */
import type { KubernetesObject } from '../api/objects.ts';
import { authorizationOf, type WorkloadType } from '../api/toolhive.ts';
import type { Referrer } from '../rules/contract.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';
import { getObject } from './get.ts';
import { listAll } from './list.ts';
import { objectPath } from './paths.ts';

/** What is remembered of one version of a workload. */
export interface KnownWorkload {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly reference: string | undefined;
}

export type KnownWorkloads = (kind: string, namespace: string, name: string) => KnownWorkload | undefined;

export type ReferrersOf = (
  type: WorkloadType,
  version: string,
  namespace: string,
  name: string,
  signal: AbortSignal,
) => Promise<readonly Referrer[]>;

/** So many workloads that are not known in their present version are read one by one; for more a list is cheaper. */
const MOST_READ = 20;
/**
 * Workloads a page where only their metadata are listed. The first page is answered from the API server's memory; the
 * next ones are read from etcd where the kind was quiet for some minutes, which takes as long as whole workloads.
 */
const PAGE = 5000;

export function createReferrersOf(client: KubeClient, known: KnownWorkloads | undefined): ReferrersOf {
  /** The API server filters where the CRD allows it (`selectableFields`, ours do); the result is checked here anyway. */
  return async (type, version, namespace, name, signal) => {
    const path = objectPath(version, namespace, type.resource);
    const fieldSelector = `${type.authorizationPath.join('.')}.authzConfigRef.name=${escapeSelector(name)}`;
    try {
      return await collect(listAll(client, { path, fieldSelector, signal }), name);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 400)) {
        throw error;
      }
      // ToolHive's own CRDs have no selectable fields.
      const found = known === undefined ? undefined : await compare(type, path, known, namespace, name, signal);
      return found ?? collect(listAll(client, { path, signal }), name);
    }
  };

  /**
   * The API server lists every workload's version, which costs it a third of the workloads themselves. Of a version that
   * is known, so is the reference; every other workload is read. Undefined where that would be too many.
   */
  async function compare(
    { kind }: WorkloadType,
    path: string,
    known: KnownWorkloads,
    namespace: string,
    config: string,
    signal: AbortSignal,
  ): Promise<readonly Referrer[] | undefined> {
    const found = new Map<string, Referrer>();
    const unknown = new Set<string>();
    for await (const page of listAll(client, { path, metadataOnly: true, page: PAGE, signal })) {
      for (const { metadata } of page) {
        const { name = '', uid, resourceVersion } = metadata;
        const workload = known(kind, namespace, name);
        if (workload === undefined || workload.uid !== uid || workload.resourceVersion !== resourceVersion) {
          unknown.add(name);
        } else if (workload.reference === config) {
          found.set(name, { kind, name });
        }
      }
      if (unknown.size > MOST_READ) {
        return undefined;
      }
    }
    const reads = [...unknown].map((name) => getObject(client, `${path}/${encodeURIComponent(name)}`, signal));
    const read = await Promise.all(reads);
    note(
      found,
      read.filter((object) => object !== undefined),
      config,
    );
    return [...found.values()];
  }
}

async function collect(pages: AsyncIterable<readonly KubernetesObject[]>, name: string): Promise<readonly Referrer[]> {
  const found = new Map<string, Referrer>();
  for await (const page of pages) {
    note(found, page, name);
  }
  return [...found.values()];
}

/** By name, since a list that had to begin anew tells of some twice. */
function note(found: Map<string, Referrer>, workloads: readonly KubernetesObject[], config: string): void {
  for (const workload of workloads) {
    if (authorizationOf(workload).reference === config) {
      const { name = '' } = workload.metadata;
      found.set(name, { kind: workload.kind, name });
    }
  }
}

/** Field selectors are a language of their own (k8s.io/apimachinery, fields.EscapeValue). */
function escapeSelector(value: string): string {
  return value.replace(/[\\,=]/g, (special) => `\\${special}`);
}

export function byKindAndName(left: Referrer, right: Referrer): number {
  return compare(left.kind, right.kind) || compare(left.name, right.name);
}

/** By code unit: the same on every machine. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
