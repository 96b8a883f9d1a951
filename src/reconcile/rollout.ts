/**
 * Which pod goes next, so that a workload's pods come to run with its newest config. Pure; the steps are taken by
 * rollout-runner.ts. A pod goes only when all that were made anew are ready, and none goes twice for nothing.
 */
import { UNRESOLVED } from '../api/names.ts';
import type { InjectionPlan } from '../injection/plan.ts';
import type { PodEntry } from './injection-caches.ts';

export type Resolved = Extract<InjectionPlan, { readonly state: 'resolved' }>;

/** One rollout of one hash to one workload. */
export interface Rollout {
  readonly hash: string;
  /** How many pods there were. */
  readonly size: number;
  /** Uids of the pods that were outdated when it began: a later one that is outdated too was not seen by the webhook. */
  readonly known: ReadonlySet<string>;
  readonly evicted: ReadonlySet<string>;
  /** Somebody was served, so it is worth waiting for the new pods. */
  readonly served: boolean;
  /** When something last moved, in milliseconds of one clock. */
  readonly movedAt: number;
}

export type Step =
  | { readonly do: 'evict'; readonly pod: PodEntry }
  | { readonly do: 'wait' }
  | { readonly do: 'done' }
  /** `why` is one sentence. */
  | { readonly do: 'stop'; readonly why: string };

/** As long as a Deployment waits for progress by default. */
export const PATIENCE_MS = 10 * 60_000;

/** Those that count: what is on its way out, or over, neither serves nor has to be replaced. */
export function livePods(pods: readonly PodEntry[]): readonly PodEntry[] {
  return pods.filter(({ terminating, finished }) => !terminating && !finished);
}

/**
 * To be replaced by us: another hash, where the config comes from us; none at all, where the webhook was not asked.
 * Where the operator's own config carries the authorization, the operator replaces its pods itself.
 */
export function isOutdated(pod: PodEntry, { hash, carried }: Resolved): boolean {
  return pod.hash !== hash && (!carried || pod.copied || pod.hash === undefined || pod.hash === UNRESOLVED);
}

export function beginRollout(pods: readonly PodEntry[], plan: Resolved, now: number): Rollout {
  const live = livePods(pods);
  const outdated = live.filter((pod) => isOutdated(pod, plan));
  return {
    hash: plan.hash,
    size: live.length,
    known: new Set(outdated.map(({ uid }) => uid)),
    evicted: new Set(),
    served: live.some(({ ready }) => ready),
    movedAt: now,
  };
}

export function nextStep(rollout: Rollout, pods: readonly PodEntry[], plan: Resolved, now: number): Step {
  const live = livePods(pods).filter(({ uid }) => !rollout.evicted.has(uid));
  const outdated = live.filter((pod) => isOutdated(pod, plan));
  const stranger = outdated.find(({ uid }) => !rollout.known.has(uid));
  if (stranger !== undefined) {
    return {
      do: 'stop',
      why: `Pod "${stranger.name}" was created during the rollout and does not carry the current config: the webhook is not asked in this namespace.`,
    };
  }
  const evictable = outdated.filter(({ controlled }) => controlled);
  const fresh = live.filter((pod) => !isOutdated(pod, plan));
  const settled = live.length >= rollout.size && fresh.every(({ ready }) => ready);
  const next = evictable.find(({ ready }) => !ready) ?? evictable[0];
  if (next === undefined && (settled || !rollout.served)) {
    return { do: 'done' };
  }
  // One that serves nobody goes without waiting for the new ones to be ready, but never two for one replacement.
  if (next !== undefined && live.length >= rollout.size && (settled || !next.ready)) {
    return { do: 'evict', pod: next };
  }
  return now - rollout.movedAt < PATIENCE_MS
    ? { do: 'wait' }
    : { do: 'stop', why: 'The pods that were replaced do not become ready; no more are replaced.' };
}

export function afterEviction(rollout: Rollout, { uid }: PodEntry, now: number): Rollout {
  return { ...rollout, evicted: new Set([...rollout.evicted, uid]), movedAt: now };
}
