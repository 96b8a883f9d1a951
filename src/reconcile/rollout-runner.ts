/**
 * Takes the steps of rollouts, for one workload at a time, through the Eviction API, so that PodDisruptionBudgets are
 * respected. Every pass looks anew at the workload and its config, so what is rolled out is always the newest.
 */
import type { Clock } from '../kube/clock.ts';
import { ApiError } from '../kube/errors.ts';
import type { Writer } from '../kube/write.ts';
import type { PodEntry } from './injection-caches.ts';
import {
  afterEviction,
  beginRollout,
  isOutdated,
  livePods,
  nextStep,
  PATIENCE_MS,
  type Resolved,
  type Rollout,
} from './rollout.ts';

export interface Progress {
  /** `queued`: another workload has its turn. `blocked`: a PodDisruptionBudget says not now. */
  readonly phase: 'off' | 'idle' | 'queued' | 'rolling' | 'blocked' | 'stopped';
  /** One sentence, of `blocked` and `stopped`. */
  readonly why?: string;
  /** Look again after this long; 0 where a change tells. */
  readonly againMs: number;
}

export interface RolloutRunner {
  step(
    key: string,
    namespace: string,
    pods: readonly PodEntry[],
    plan: Resolved,
    signal: AbortSignal,
  ): Promise<Progress>;
  /** There is nothing to roll out for it (any more). */
  release(key: string): void;
  /** Forgets everything: somebody else may have led meanwhile. */
  reset(): void;
  /** Workloads that are in a rollout or wait for theirs. */
  pending(): number;
}

export interface RolloutRunnerDeps {
  readonly mode: 'Evict' | 'Off';
  readonly writer: Writer;
  readonly clock: Clock;
  readonly evicted: (outcome: 'evicted' | 'blocked') => void;
  readonly wake: (key: string) => void;
}

/** Pods that become ready are told by the watch; this is for what nobody tells. */
const POLL_MS = 5000;
const BLOCKED_MS = 10_000;

export function createRolloutRunner({ mode, writer, clock, evicted, wake }: RolloutRunnerDeps): RolloutRunner {
  let current: { readonly key: string; rollout: Rollout; lookedAt: number } | undefined;
  /** In the order in which they came. */
  const queued = new Set<string>();
  const stopped = new Map<string, { readonly hash: string; readonly why: string; readonly until: number }>();

  function release(key: string): void {
    queued.delete(key);
    if (current?.key === key) {
      current = undefined;
      for (const next of queued) {
        wake(next);
      }
    }
  }

  async function evict(namespace: string, { name, uid }: PodEntry, signal: AbortSignal): Promise<Progress | undefined> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`;
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace },
      deleteOptions: { preconditions: { uid } },
    };
    try {
      await writer.create(path, body, signal);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'API_TOO_MANY_REQUESTS') {
        evicted('blocked');
        return { phase: 'blocked', why: `Pod "${name}": ${error.message}`, againMs: error.retryAfterMs ?? BLOCKED_MS };
      }
      if (!(error instanceof ApiError && (error.code === 'API_NOT_FOUND' || error.code === 'API_CONFLICT'))) {
        throw error;
      }
      return undefined; // gone already
    }
    evicted('evicted');
    return undefined;
  }

  function stoppedFor(key: string, hash: string): string | undefined {
    const entry = stopped.get(key);
    if (entry?.hash === hash && entry.until > clock.now()) {
      return entry.why;
    }
    stopped.delete(key);
    return undefined;
  }

  return {
    release,
    reset: () => {
      current = undefined;
      queued.clear();
      stopped.clear();
    },
    pending: () => queued.size + (current === undefined ? 0 : 1),
    step: async (key, namespace, pods, plan, signal) => {
      if (mode === 'Off') {
        return { phase: 'off', againMs: 0 };
      }
      const why = stoppedFor(key, plan.hash);
      if (why !== undefined) {
        release(key);
        return { phase: 'stopped', why, againMs: POLL_MS * 12 };
      }
      const work = livePods(pods).some((pod) => pod.controlled && isOutdated(pod, plan));
      if (current?.key !== key) {
        if (!work) {
          release(key);
          return { phase: 'idle', againMs: 0 };
        }
        // Whose pass fails every time does not keep the others from theirs for ever.
        if (current !== undefined && clock.now() - current.lookedAt < PATIENCE_MS) {
          queued.add(key);
          return { phase: 'queued', againMs: PATIENCE_MS };
        }
        queued.delete(key);
        current = { key, rollout: beginRollout(pods, plan, clock.now()), lookedAt: clock.now() };
      } else if (current.rollout.hash !== plan.hash) {
        current = { key, rollout: beginRollout(pods, plan, clock.now()), lookedAt: clock.now() };
      }
      const own = current;
      own.lookedAt = clock.now();
      const step = nextStep(own.rollout, pods, plan, clock.now());
      switch (step.do) {
        case 'evict': {
          const blocked = await evict(namespace, step.pod, signal);
          if (blocked === undefined) {
            own.rollout = afterEviction(own.rollout, step.pod, clock.now());
          }
          return blocked ?? { phase: 'rolling', againMs: POLL_MS };
        }
        case 'wait':
          return { phase: 'rolling', againMs: POLL_MS };
        case 'stop':
          stopped.set(key, { hash: plan.hash, why: step.why, until: clock.now() + PATIENCE_MS });
          release(key);
          return { phase: 'stopped', why: step.why, againMs: PATIENCE_MS };
        case 'done':
          release(key);
          return { phase: 'idle', againMs: 0 };
      }
    },
  };
}
