/** Pods and ConfigMaps as far as injection is about them, and which workload a change of one is about. */
import { createHash } from 'node:crypto';
import { at, isJsonObject, jsonEqual, stringAt, type JsonObject } from '../api/json.ts';
import { ANNOTATIONS, COMPONENT_LABEL, referenceMapName, runtimeCopyName } from '../api/names.ts';
import { annotation, type KubernetesObject } from '../api/objects.ts';
import {
  GROUP,
  groupOf,
  OPERATOR_COMPONENT_LABEL,
  PROXIES,
  PROXY_POD_LABELS,
  workloadOfPod,
  workloadType,
} from '../api/toolhive.ts';
import { isMandatory, listAt } from '../injection/pod-volumes.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { createWatchCache, type WatchCache, type WatchMetrics } from '../kube/watch-cache.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Wake } from './caches.ts';
import { versionKey, workloadKey } from './keys.ts';

export interface Owner {
  readonly kind: string;
  readonly name: string;
}

export interface PodEntry extends JsonObject {
  readonly name: string;
  readonly uid: string;
  readonly workload: Owner | undefined;
  /** The annotation; undefined where the pod was made without us. */
  readonly hash: string | undefined;
  /** Reads its runtime config from our copy. */
  readonly copied: boolean;
  readonly projected: boolean;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** Succeeded or Failed: it will not run again. */
  readonly finished: boolean;
  /** Somebody makes another one when it goes. */
  readonly controlled: boolean;
}

export interface MapEntry extends JsonObject {
  readonly uid: string;
  readonly owner: Owner | undefined;
  readonly digest: string;
}

export interface InjectionCaches {
  readonly pods: WatchCache<PodEntry>;
  /** The operator's runtime configs. */
  readonly operator: WatchCache<MapEntry>;
  /** Our own. */
  readonly maps: WatchCache<MapEntry>;
  synced(): boolean;
  fault(): string | undefined;
  run(signal: AbortSignal): Promise<void>;
}

export interface InjectionCachesDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WatchMetrics;
}

export function createInjectionCaches({ client, clock, logger, metrics }: InjectionCachesDeps): InjectionCaches {
  const cache = <T>(
    resource: string,
    path: string,
    labelSelector: string,
    project: (object: KubernetesObject) => T,
  ): WatchCache<T> =>
    createWatchCache({ client, path: () => path, labelSelector, project, clock, logger, metrics, resource });
  const pods = cache('pods', '/api/v1/pods', selectorOf(PROXY_POD_LABELS), podEntry);
  const operator = cache(
    'configmaps of the operator',
    '/api/v1/configmaps',
    selectorOf({ [OPERATOR_COMPONENT_LABEL]: ['run-config', 'vmcp-config'] }),
    operatorEntry,
  );
  const maps = cache('configmaps', '/api/v1/configmaps', COMPONENT_LABEL, ownEntry);
  const all: readonly WatchCache<unknown>[] = [pods, operator, maps];
  return {
    ...{ pods, operator, maps },
    synced: () => all.every((each) => each.synced()),
    fault: () => all.map((each) => each.fault()).find((fault) => fault !== undefined),
    run: async (signal) => {
      await Promise.all(all.map((each) => each.run(signal)));
    },
  };
}

/** Status of pods changes all the time; only what injection looks at wakes anybody. */
export function followInjection({ pods, operator, maps }: InjectionCaches, wake: Wake['now']): void {
  pods.onChange(({ namespace, before, after }) => {
    const workload = (after ?? before)?.workload;
    if (workload !== undefined && !jsonEqual(before, after)) {
      wake(workloadKey(workload.kind, namespace, workload.name));
    }
  });
  for (const cache of [operator, maps]) {
    cache.onChange(({ namespace, before, after, resourceVersion }) => {
      const owner = (after ?? before)?.owner;
      if (owner !== undefined && before?.digest !== after?.digest) {
        // The name is free again: a workload of another kind and the same name may have waited for it.
        const kinds = after === undefined ? PROXIES.map(({ kind }) => kind) : [owner.kind];
        kinds.forEach((kind) => {
          wake(workloadKey(kind, namespace, owner.name), versionKey('ConfigMap', resourceVersion));
        });
      }
    });
  }
}

function podEntry(pod: KubernetesObject): PodEntry {
  const found = workloadOfPod(pod);
  const workload = found === undefined ? undefined : { kind: found.type.kind, name: found.name };
  const mounts = (configMap: string): boolean =>
    listAt(pod, 'volumes').some((volume) => isMandatory(volume, configMap));
  const phase = stringAt(pod, 'status', 'phase');
  return {
    name: pod.metadata.name ?? '',
    uid: pod.metadata.uid ?? '',
    workload,
    hash: annotation(pod, ANNOTATIONS.configHash),
    copied: workload !== undefined && mounts(runtimeCopyName(workload.name)),
    projected: workload !== undefined && mounts(referenceMapName(workload.name)),
    ready: objects(at(pod, 'status', 'conditions')).some(
      (condition) => condition['type'] === 'Ready' && condition['status'] === 'True',
    ),
    terminating: pod.metadata.deletionTimestamp !== undefined,
    finished: phase === 'Succeeded' || phase === 'Failed',
    controlled: objects(pod.metadata['ownerReferences']).some((owner) => owner['controller'] === true),
  };
}

function operatorEntry(map: KubernetesObject): MapEntry {
  const labels = map.metadata.labels ?? {};
  const type = PROXIES.find(({ ownerLabel }) => labels[ownerLabel] !== undefined);
  const owner = type === undefined ? undefined : { kind: type.kind, name: labels[type.ownerLabel] ?? '' };
  return { uid: map.metadata.uid ?? '', owner, digest: mapDigest(map) };
}

export function ownEntry(map: KubernetesObject): MapEntry {
  const owner = objects(map.metadata['ownerReferences']).find(
    (each) =>
      groupOf(stringAt(each, 'apiVersion') ?? '') === GROUP && workloadType(stringAt(each, 'kind') ?? '') !== undefined,
  );
  return {
    uid: map.metadata.uid ?? '',
    owner: owner === undefined ? undefined : { kind: String(owner['kind']), name: String(owner['name']) },
    digest: mapDigest(map),
  };
}

/** Of everything that we write into a ConfigMap, so that one that is in step is not written again. */
export function mapDigest(map: { readonly metadata: JsonObject; readonly data?: unknown }): string {
  const data = isJsonObject(map.data) ? Object.entries(map.data).sort(([a], [b]) => (a < b ? -1 : 1)) : [];
  const owners = objects(map.metadata['ownerReferences']).map((owner) => stringAt(owner, 'uid') ?? '');
  const said = [at(map.metadata, 'labels', COMPONENT_LABEL), at(map.metadata, 'annotations', ANNOTATIONS.configHash)];
  return createHash('sha256')
    .update(JSON.stringify([data, owners, said]))
    .digest('base64');
}

function objects(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function selectorOf(labels: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(labels)
    .map(([key, values]) => `${key} in (${values.join(',')})`)
    .join(',');
}
