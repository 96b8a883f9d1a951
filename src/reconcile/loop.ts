/**
 * The companion loop: keeps conditions, hashes, finalizer, label and annotations of the four kinds as they should be.
 * Level-based: an event only says which object to look at. Every replica watches, one writes (docs/loop.md).
 */
import { AUTHZ_CONFIG, WORKLOADS } from '../api/toolhive.ts';
import type { KubeClient } from '../kube/client.ts';
import { limited, pause, type Clock } from '../kube/clock.ts';
import { createConfigMemory, type ConfigMemory } from '../kube/config-memory.ts';
import type { Discovery, ServedResources } from '../kube/discovery.ts';
import { ApiError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Leadership } from '../kube/lease.ts';
import type { KnownWorkloads } from '../kube/referrers.ts';
import { remembering } from '../kube/remembered-configs.ts';
import type { Analyze, Resolver } from '../kube/resolve.ts';
import type { WatchMetrics } from '../kube/watch-cache.ts';
import { createWriter } from '../kube/write.ts';
import type { Logger } from '../runtime/logger.ts';
import { createCaches, follow, type Caches } from './caches.ts';
import { again, createConfigReconciler, type Reconcile, type ReconcileDeps } from './config-reconciler.ts';
import { createGetLive, pagesOf } from './gather.ts';
import { createInjectionCaches, followInjection } from './injection-caches.ts';
import { createInjector, type PodState } from './injector.ts';
import { configKey, parseKey, versionKey, workloadKey } from './keys.ts';
import { createWorkQueue, type WorkQueue } from './queue.ts';
import { createReadAhead, expectEverybody, followAhead } from './read-ahead.ts';
import { createReferrerIndex } from './referrer-index.ts';
import { createRolloutRunner } from './rollout-runner.ts';
import { createStatusWriter, UndeclaredFieldError } from './status-writer.ts';
import { createWorkloadReconciler } from './workload-reconciler.ts';

export type Outcome = 'done' | 'conflict' | 'gone' | 'failed' | 'not-leader';

export interface LoopMetrics {
  reconciled(kind: string, outcome: Outcome, seconds: number): void;
  wrote(what: 'status' | 'object'): void;
  eviction(outcome: 'evicted' | 'blocked'): void;
  /** What to ask when the metrics are read. */
  observe(state: {
    readonly depth: () => number;
    readonly contended: () => number;
    readonly pods: () => Readonly<Record<PodState, number>>;
    readonly rollouts: () => number;
  }): void;
}

export interface LoopDeps {
  readonly client: KubeClient;
  readonly discovery: Discovery;
  readonly resolver: Resolver;
  readonly analyze: Analyze;
  readonly leadership: Leadership;
  readonly events: EventRecorder;
  readonly logger: Logger;
  readonly metrics: LoopMetrics & WatchMetrics;
  readonly clock: Clock;
  readonly now: () => Date;
  readonly graceMs: number;
  /** Whether pods with an outdated config are evicted. */
  readonly rollout: 'Evict' | 'Off';
}

export interface Loop {
  /** Until the signal; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Why the caches cannot be relied on; undefined when fine. For readiness. */
  fault(): string | undefined;
  readonly workload: KnownWorkloads;
  /** Configs that were read, as the watch cache has seen them. */
  readonly configs: ConfigMemory;
}

/**
 * A pass mostly waits for the API server, the more so where its etcd writes to a disk. With more of them at a time two
 * cores do no more.
 */
const WORKERS = 8;
/** Of one pass: a few reads and writes. */
const PASS_MS = 60_000;
const DISCOVER_MS = 30_000;
const SYNC_POLL_MS = 50;

export function createLoop(deps: LoopDeps): Loop {
  const { client, discovery, leadership, logger, metrics, clock, now } = deps;
  let served: ServedResources | undefined;
  let queue: WorkQueue | undefined;
  const caches = createCaches({ client, served: () => served, clock, logger, metrics });
  const injection = createInjectionCaches({ client, clock, logger, metrics });
  const wake = (key: string, version?: string): void => queue?.add(key, version);
  const index = createReferrerIndex();
  const deletions = new Map<string, number>();
  const isLeader = (): boolean => leadership.isLeader();
  const writer = countWrites(createWriter(client, isLeader), metrics);
  const status = createStatusWriter({ writer, clock });
  const { resolver, analyze, events, graceMs } = deps;
  const rollout = createRolloutRunner({
    ...{ mode: deps.rollout, writer, clock, wake },
    evicted: (outcome) => {
      metrics.eviction(outcome);
    },
  });
  const injector = createInjector({ caches: injection, resolver, writer, rollout });
  const ahead = createReadAhead({ pages: (...of) => pagesOf(client, discovery, ...of), clock });
  const shared: ReconcileDeps = {
    ...{ getLive: createGetLive(client, discovery, ahead), resolver, analyze, index, writer, status },
    ...{ events, clock, now, graceMs, deletions, injector },
  };
  const configs = createConfigMemory((...of) =>
    caches.configs.fault() === undefined ? caches.configs.get(...of) : undefined,
  );
  const remembered = { ...shared, resolver: remembering(resolver, configs) };
  const reconcilers = new Map<string, Reconcile>([
    [AUTHZ_CONFIG.kind, createConfigReconciler(shared)],
    ...WORKLOADS.map((type) => [type.kind, createWorkloadReconciler(type, remembered)] as const),
  ]);
  followAhead(caches, index, {
    expect: (...of) => {
      if (queue !== undefined) {
        ahead.expect(...of); // whoever does not lead asks for nothing
      }
    },
    forget: (...of) => {
      ahead.forget(...of);
    },
  });
  follow(caches, index, deletions, clock, {
    now: wake,
    soon: (key, ms) => queue?.addAfter(key, ms),
  });
  followInjection(injection, wake);
  metrics.observe({
    depth: () => queue?.depth() ?? 0,
    contended: () => status.contended(),
    pods: () => injector.pods(),
    rollouts: () => rollout.pending(),
  });

  async function look(signal: AbortSignal): Promise<void> {
    served = await discovery.served(signal).catch(() => served);
  }

  /** CRDs come, go and gain versions while we run. */
  async function lookAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(clock, served === undefined ? 1000 : DISCOVER_MS, signal);
      await look(signal);
    }
  }

  async function lead(signal: AbortSignal): Promise<void> {
    injector.reset();
    ahead.reset();
    while (!(caches.synced() && injection.synced()) && !signal.aborted) {
      await pause(clock, SYNC_POLL_MS, signal);
    }
    const own = createWorkQueue({ clock });
    queue = own;
    const close = (): void => {
      own.close();
    };
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) {
      own.close();
    }
    logger.info('the loop leads');
    expectEverybody(caches, ahead);
    for (const key of everything(caches)) {
      own.add(key);
    }
    await Promise.all(Array.from({ length: WORKERS }, () => work(own, signal)));
    signal.removeEventListener('abort', close);
    queue = undefined;
    logger.info('the loop does not lead any more');
  }

  async function work(own: WorkQueue, signal: AbortSignal): Promise<void> {
    for (let key = await own.take(); key !== undefined; key = await own.take()) {
      const started = clock.now();
      const outcome = await pass(own, key, signal);
      own.done(key);
      metrics.reconciled(parseKey(key).kind ?? AUTHZ_CONFIG.kind, outcome, (clock.now() - started) / 1000);
    }
  }

  async function pass(own: WorkQueue, key: string, signal: AbortSignal): Promise<Outcome> {
    const { kind = AUTHZ_CONFIG.kind, namespace, name } = parseKey(key);
    const limit = limited(clock, signal, PASS_MS, () => new Error('the pass took too long'));
    try {
      const { againMs, wrote } = (await reconcilers.get(kind)?.(namespace, name, limit.signal)) ?? again(0);
      own.forget(key);
      own.wrote(
        key,
        wrote.flatMap((object) => versionKey(object.kind, object.metadata.resourceVersion) ?? []),
      );
      if (againMs > 0) {
        own.addAfter(key, againMs);
      }
      return 'done';
    } catch (error) {
      return failed(own, key, error, signal);
    } finally {
      limit.release();
    }
  }

  /** A conflict is somebody else's write, not a failure; what is gone will not come back under this key. */
  function failed(own: WorkQueue, key: string, error: unknown, signal: AbortSignal): Outcome {
    if (signal.aborted || (error instanceof ApiError && error.code === 'API_FENCED')) {
      return 'not-leader';
    }
    const conflict =
      error instanceof UndeclaredFieldError || (error instanceof ApiError && error.code === 'API_CONFLICT');
    if (conflict) {
      own.conflict(key);
      return 'conflict';
    }
    if (error instanceof ApiError && error.code === 'API_NOT_FOUND' && error.objectName !== undefined) {
      own.forget(key);
      return 'gone';
    }
    const ms = own.retry(key);
    const why = error instanceof Error ? error.message : String(error);
    logger.warn('reconcile failed', { key, error: why, againInMs: Math.round(ms) });
    return 'failed';
  }

  return {
    run: async (signal) => {
      // Before that the caches know no path to list, and would begin with a failure and its backoff.
      const looked = look(signal);
      const cached = looked.then(() => Promise.all([lookAgain(signal), caches.run(signal)]));
      await Promise.all([cached, injection.run(signal), leadership.run(signal, lead)]);
      await events.flush();
    },
    fault: () => caches.fault() ?? injection.fault(),
    workload: caches.workload,
    configs,
  };
}

/** Configs first, and the workloads of a namespace in the order of their names, in which they are read by the page. */
function everything({ configs, workloads }: Caches): readonly string[] {
  return [
    ...configs.list().map(({ namespace, name }) => configKey(namespace, name)),
    ...workloads.flatMap(([{ kind }, cache]) =>
      cache.list().map(({ namespace, name }) => workloadKey(kind, namespace, name)),
    ),
  ].sort();
}

/** Those that were taken: a refusal (a conflict, a field that the CRD does not declare) changed nothing. */
function countWrites(writer: ReturnType<typeof createWriter>, metrics: LoopMetrics): ReturnType<typeof createWriter> {
  return {
    ...writer,
    applyStatus: async (...args) => {
      const written = await writer.applyStatus(...args);
      metrics.wrote('status');
      return written;
    },
    mergePatch: async (...args) => {
      const written = await writer.mergePatch(...args);
      metrics.wrote('object');
      return written;
    },
    applyObject: async (...args) => {
      const written = await writer.applyObject(...args);
      metrics.wrote('object');
      return written;
    },
    remove: async (...args) => {
      await writer.remove(...args);
      metrics.wrote('object');
    },
  };
}
