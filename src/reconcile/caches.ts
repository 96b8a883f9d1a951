/** The four kinds as the loop remembers them, and what a change of one means for the others. */
import type { KubernetesObject } from '../api/objects.ts';
import { AUTHZ_CONFIG, authorizationOf, GROUP, WORKLOADS, type WorkloadType } from '../api/toolhive.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { ServedResources } from '../kube/discovery.ts';
import type { KnownWorkloads } from '../kube/referrers.ts';
import { createWatchCache, type CacheChange, type WatchCache, type WatchMetrics } from '../kube/watch-cache.ts';
import { WatchFault } from '../kube/watch-stream.ts';
import type { Logger } from '../runtime/logger.ts';
import { configKey, versionKey, workloadKey } from './keys.ts';
import type { ReferrerIndex } from './referrer-index.ts';

export interface ConfigEntry {
  readonly uid: string;
  readonly generation: number;
  readonly terminating: boolean;
}

export interface WorkloadEntry {
  readonly reference: string | undefined;
}

export interface Caches {
  readonly configs: WatchCache<ConfigEntry>;
  readonly workloads: readonly (readonly [WorkloadType, WatchCache<WorkloadEntry>])[];
  /** What is remembered of a workload, and of which version. */
  readonly workload: KnownWorkloads;
  /** Of the kinds that the API server serves. */
  synced(): boolean;
  fault(): string | undefined;
  run(signal: AbortSignal): Promise<void>;
}

export interface CachesDeps {
  readonly client: KubeClient;
  /** Undefined while it is not known. */
  readonly served: () => ServedResources | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WatchMetrics;
}

export function createCaches({ client, served, clock, logger, metrics }: CachesDeps): Caches {
  const cache = <T>(resource: string, project: (object: KubernetesObject) => T): WatchCache<T> =>
    createWatchCache({
      client,
      path: () => {
        const known = served();
        if (known?.resources.has(resource) !== true) {
          throw new WatchFault('unserved', `the API server does not serve ${resource}.${GROUP}`);
        }
        return `/apis/${GROUP}/${known.version}/${resource}`;
      },
      project,
      clock,
      logger,
      metrics,
      resource,
    });
  const configs = cache(AUTHZ_CONFIG.resource, ({ metadata }) => ({
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    terminating: metadata.deletionTimestamp !== undefined,
  }));
  const entryOf = sharedEntries();
  const workloads = WORKLOADS.map(
    (type) => [type, cache(type.resource, (object) => entryOf(authorizationOf(object).reference))] as const,
  );
  const all: readonly (readonly [string, WatchCache<unknown>])[] = [
    [AUTHZ_CONFIG.resource, configs],
    ...workloads.map(([{ resource }, each]) => [resource, each] as const),
  ];
  const needed = (): readonly WatchCache<unknown>[] =>
    all.filter(([resource]) => served()?.resources.has(resource) === true).map(([, each]) => each);
  return {
    configs,
    workloads,
    workload: (kind, namespace, name) => {
      const entry = workloads.find(([type]) => type.kind === kind)?.[1].entry(namespace, name);
      return entry === undefined
        ? undefined
        : { uid: entry.uid, resourceVersion: entry.resourceVersion, reference: entry.value.reference };
    },
    synced: () => served() !== undefined && needed().every((each) => each.synced()),
    fault: () =>
      served() === undefined
        ? `whether the API server serves ${GROUP} is not known yet`
        : needed()
            .map((each) => each.fault())
            .find((fault) => fault !== undefined),
    run: async (signal) => {
      await Promise.all(all.map(([, each]) => each.run(signal)));
    },
  };
}

/** Entries kept in view for those to come: a workload refers to the same config as its neighbours, more often than not. */
const SHARED = 1000;

/** One entry for all the workloads that refer to a config of that name, as far as they come close to each other. */
function sharedEntries(): (reference: string | undefined) => WorkloadEntry {
  const recent = new Map<string | undefined, WorkloadEntry>();
  return (reference) => {
    const entry = recent.get(reference) ?? { reference };
    if (recent.size >= SHARED) {
      recent.clear();
    }
    recent.set(reference, entry);
    return entry;
  };
}

/**
 * References come in bursts (a rollout, a restored namespace), and the list of them is written as a whole: the longer it
 * is, the longer the next ones are waited for. The last one to go is not waited for.
 */
function gatherMs(referrers: number): number {
  return referrers === 0 ? 0 : Math.min(50 + 3 * referrers, 5000);
}

export interface Wake {
  /** `version` where the only reason is that a watch told of it. */
  now(key: string, version?: string): void;
  soon(key: string, ms: number): void;
}

/** Keeps index and deletions true, and says which keys to look at. */
export function follow(
  { configs, workloads }: Pick<Caches, 'configs' | 'workloads'>,
  index: ReferrerIndex,
  deletions: Map<string, number>,
  clock: Clock,
  wake: Wake,
): void {
  configs.onChange(({ namespace, name, before, after }) => {
    if (before !== undefined && before.uid !== after?.uid) {
      deletions.delete(before.uid);
    }
    if (after?.terminating === true && !deletions.has(after.uid)) {
      deletions.set(after.uid, clock.now());
    }
    wake.now(configKey(namespace, name));
    if (isEdit(before, after)) {
      for (const user of index.referrers(namespace, name)) {
        wake.now(workloadKey(user.kind, namespace, user.name));
      }
    }
  });
  for (const [type, cache] of workloads) {
    cache.onChange((change) => {
      followWorkload(type, change, index, wake);
    });
  }
}

/** Something else is to be enforced by whoever refers to it. */
export function isEdit(before: ConfigEntry | undefined, after: ConfigEntry | undefined): boolean {
  return before?.uid !== after?.uid || before?.generation !== after?.generation;
}

function followWorkload(
  { kind }: WorkloadType,
  { namespace, name, before, after, resourceVersion }: CacheChange<WorkloadEntry>,
  index: ReferrerIndex,
  wake: Wake,
): void {
  index.move(namespace, { kind, name }, before?.reference, after?.reference);
  wake.now(workloadKey(kind, namespace, name), versionKey(kind, resourceVersion));
  if (before?.reference === after?.reference && (before === undefined) === (after === undefined)) {
    return;
  }
  for (const reference of new Set([before?.reference, after?.reference])) {
    if (reference !== undefined) {
      wake.soon(configKey(namespace, reference), gatherMs(index.count(namespace, reference)));
    }
  }
}
