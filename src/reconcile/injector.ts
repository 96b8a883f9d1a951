/** Injection, as far as it is the loop's: the ConfigMaps of a workload, the rollout to its pods, and what to say of both. */
import { COMPONENT_LABEL, runtimeCopyName, UNRESOLVED } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { proxyType, type ProxyType } from '../api/toolhive.ts';
import { desiredMaps, type DesiredMap } from '../injection/config-maps.ts';
import { dataOf, planInjection, type InjectionPlan, type PlanFacts } from '../injection/plan.ts';
import { ApiError, isNamespaceTerminating } from '../kube/errors.ts';
import { configMapPath } from '../kube/paths.ts';
import type { Resolver } from '../kube/resolve.ts';
import { FIELD_MANAGER, type Writer } from '../kube/write.ts';
import type { Verdict } from './conditions.ts';
import type { Note } from './config-status.ts';
import { mapDigest, ownEntry, type InjectionCaches, type Owner, type PodEntry } from './injection-caches.ts';
import { injectionNotes, injectionVerdict } from './injection-status.ts';
import { workloadKey } from './keys.ts';
import { wroteAnyOf } from './ownership.ts';
import { livePods } from './rollout.ts';
import type { Progress, RolloutRunner } from './rollout-runner.ts';

export interface Injected {
  readonly verdict: Verdict | undefined;
  readonly notes: readonly Note[];
  readonly againMs: number;
  /** ConfigMaps that came out as they should be. */
  readonly wrote: readonly KubernetesObject[];
  /** What could not be done: to be thrown once the status is written. */
  readonly failure: Error | undefined;
}

export type PodState = 'current' | 'outdated' | 'waiting' | 'missed';

export interface Injector {
  pass(workload: KubernetesObject, config: PlanFacts['config'], signal: AbortSignal): Promise<Injected>;
  /** The workload is gone, or going. */
  forget(kind: string, namespace: string, name: string): void;
  reset(): void;
  /** Of all workloads, by what they carry. */
  pods(): Readonly<Record<PodState, number>>;
}

export interface InjectorDeps {
  readonly caches: InjectionCaches;
  readonly resolver: Resolver;
  readonly writer: Writer;
  readonly rollout: RolloutRunner;
}

interface MapOutcome {
  /** The name of one that is not this workload's: it is left alone. */
  readonly clash?: string;
  readonly wrote?: KubernetesObject;
}

const NOTHING: MapOutcome = {};

/** What is somebody else's is not watched, so that it went away is seen by looking. */
const CLASH_AGAIN_MS = 10_000;

export function createInjector({ caches, resolver, writer, rollout }: InjectorDeps): Injector {
  /** Of workloads that have pods. */
  const counts = new Map<string, Readonly<Record<PodState, number>>>();

  async function configMap(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<KubernetesObject | undefined> {
    const query = { ask: 'configMap', namespace, name } as const;
    const answer = (await resolver.resolve([query], signal)).answer(query);
    if (answer === undefined || answer.state === 'unknown') {
      throw new Error(`ConfigMap "${name}" could not be read: ${answer?.why ?? 'no answer'}`);
    }
    return answer.state === 'present' ? answer.value : undefined;
  }

  async function apply(kind: string, namespace: string, map: DesiredMap, signal: AbortSignal): Promise<MapOutcome> {
    const { name } = map.metadata;
    const digest = mapDigest(map);
    const known = caches.maps.get(namespace, name);
    if (known?.digest === digest) {
      return NOTHING;
    }
    const there = known === undefined ? await configMap(namespace, name, signal) : undefined;
    // Who takes our label off does not make it his: the API server remembers who wrote it.
    if (there !== undefined && there.metadata.labels?.[COMPONENT_LABEL] === undefined && !wroteAnyOf(there)) {
      return { clash: name };
    }
    const entry = there === undefined ? known : ownEntry(there);
    if (isOfAnotherKind(entry?.owner, kind)) {
      return { clash: name };
    }
    const options = { fieldManager: FIELD_MANAGER, force: true }; // it is ours as a whole
    const written = await writer.applyObject(configMapPath(namespace, name), map, options, signal);
    return mapDigest(written) === digest ? { wrote: written } : NOTHING;
  }

  async function remove(kind: string, namespace: string, name: string, signal: AbortSignal): Promise<void> {
    const known = caches.maps.get(namespace, name);
    if (known === undefined || isOfAnotherKind(known.owner, kind)) {
      return;
    }
    try {
      await writer.remove(configMapPath(namespace, name), { uid: known.uid }, signal);
    } catch (error) {
      if (!(error instanceof ApiError && (error.code === 'API_NOT_FOUND' || error.code === 'API_CONFLICT'))) {
        throw error;
      }
    }
  }

  async function writeMaps(
    workload: KubernetesObject,
    plan: InjectionPlan,
    signal: AbortSignal,
  ): Promise<readonly MapOutcome[]> {
    const type = proxyType(workload.kind);
    const namespace = workload.metadata.namespace ?? '';
    if (type === undefined) {
      return [];
    }
    const desired = desiredMaps(type, workload, plan);
    const outcomes: MapOutcome[] = [];
    for (const map of desired.apply) {
      outcomes.push(await apply(type.kind, namespace, map, signal));
    }
    for (const name of desired.remove) {
      await remove(type.kind, namespace, name, signal);
    }
    return outcomes;
  }

  async function planOf(
    workload: KubernetesObject,
    config: PlanFacts['config'],
    pods: readonly PodEntry[],
    signal: AbortSignal,
  ): Promise<InjectionPlan> {
    const type = proxyType(workload.kind);
    if (type === undefined || config.state === 'absent' || !isRun(type, workload, pods)) {
      return type === undefined ? { state: 'none' } : planInjection({ type, workload, config, operator: undefined });
    }
    const { namespace = '', name = '' } = workload.metadata;
    const operator = dataOf(await configMap(namespace, `${name}${type.suffix}`, signal), type.key);
    return planInjection({ type, workload, config, operator });
  }

  /**
   * Where the operator has written nothing that is watched, no pod is there and nothing was copied, there is nothing to
   * copy, and nobody who would read it. Its first pod wakes the workload, and waits for the copy.
   */
  function isRun(type: ProxyType, { metadata }: KubernetesObject, pods: readonly PodEntry[]): boolean {
    const { namespace = '', name = '' } = metadata;
    const written =
      caches.operator.get(namespace, `${name}${type.suffix}`) ?? caches.maps.get(namespace, runtimeCopyName(name));
    return pods.length > 0 || written !== undefined;
  }

  function podsOf({ kind, metadata: { namespace = '', name = '' } }: KubernetesObject): readonly PodEntry[] {
    return caches.pods
      .list(namespace)
      .map(({ value }) => value)
      .filter(({ workload }) => workload?.kind === kind && workload.name === name);
  }

  return {
    pass: async (workload, config, signal) => {
      const { namespace = '', name = '' } = workload.metadata;
      const key = workloadKey(workload.kind, namespace, name);
      const pods = podsOf(workload);
      const plan = await planOf(workload, config, pods, signal);
      if (pods.length > 0) {
        counts.set(key, countPods(plan, pods));
      } else {
        counts.delete(key);
      }
      let progress: Progress = { phase: 'idle', againMs: 0 };
      let clash: string | undefined;
      let wrote: readonly KubernetesObject[] = [];
      let failure: Error | undefined;
      try {
        const outcomes = await writeMaps(workload, plan, signal);
        clash = outcomes.findLast((outcome) => outcome.clash !== undefined)?.clash;
        wrote = outcomes.flatMap((outcome) => outcome.wrote ?? []);
        if (plan.state === 'resolved' && clash === undefined && (plan.carried || plan.copy !== undefined)) {
          progress = await rollout.step(key, namespace, pods, plan, signal);
        } else {
          rollout.release(key);
        }
      } catch (error) {
        if (isNamespaceTerminating(error)) {
          rollout.release(key); // nothing can be made there any more, and nothing needs to be
        } else {
          failure = error instanceof Error ? error : new Error(String(error));
        }
      }
      const verdict = injectionVerdict({ plan, pods, progress, clash });
      const againMs = clash === undefined ? progress.againMs : CLASH_AGAIN_MS;
      return { verdict, notes: injectionNotes(workload, verdict), againMs, wrote, failure };
    },
    forget: (kind, namespace, name) => {
      const key = workloadKey(kind, namespace, name);
      counts.delete(key);
      rollout.release(key);
    },
    reset: () => {
      counts.clear();
      rollout.reset();
    },
    pods: () => {
      const sum = { ...NO_PODS };
      for (const each of counts.values()) {
        for (const state of Object.keys(sum) as PodState[]) {
          sum[state] += each[state];
        }
      }
      return sum;
    },
  };
}

/** Kinds may share a name, and the names of ConfigMaps are made of it: whose it is first keeps it. */
function isOfAnotherKind(owner: Owner | undefined, kind: string): boolean {
  return owner !== undefined && owner.kind !== kind;
}

const NO_PODS: Readonly<Record<PodState, number>> = { current: 0, outdated: 0, waiting: 0, missed: 0 };

function countPods(plan: InjectionPlan, pods: readonly PodEntry[]): Readonly<Record<PodState, number>> {
  const live = plan.state === 'none' ? [] : livePods(pods);
  const current = plan.state === 'resolved' ? plan.hash : undefined;
  const missed = live.filter(({ hash }) => hash === undefined).length;
  const matching = live.filter(({ hash }) => hash !== undefined && hash === current).length;
  const waiting = live.filter(({ hash }) => hash === UNRESOLVED).length;
  return { current: matching, missed, waiting, outdated: live.length - matching - missed - waiting };
}
