/**
 * One resource of all namespaces, listed once and then watched for as long as we run. Whatever goes wrong on the way is
 * survived: the watch goes on from where it was, or the list is read again where that is not possible. While nothing is
 * heard for too long it says so (`fault`), because what it remembers may then be wrong.
 */
import type { KubernetesObject } from '../api/objects.ts';
import type { Logger } from '../runtime/logger.ts';
import { backoffMs, type Backoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { limited, pause, type Clock } from './clock.ts';
import { ApiError, messageOf } from './errors.ts';
import { listPages } from './list.ts';
import { createWatchStore, type CacheChange, type CacheEntry, type VersionedEntry } from './watch-store.ts';
import { watchOnce, WatchFault, type WatchEvent, type WatchLimits } from './watch-stream.ts';

export type { CacheChange, CacheEntry } from './watch-store.ts';

export interface WatchCache<T> {
  /** Runs until the signal; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** True once a list was read to its end. */
  synced(): boolean;
  get(namespace: string, name: string): T | undefined;
  entry(namespace: string, name: string): VersionedEntry<T> | undefined;
  /** Entries of one namespace (all without an argument). */
  list(namespace?: string): readonly CacheEntry<T>[];
  /**
   * Called after the entry changed, for every new resourceVersion, also where the projection stays the same. An object
   * that was deleted and made anew comes as removed and added. Returns the unsubscribe.
   */
  onChange(listener: (change: CacheChange<T>) => void): () => void;
  /** Why it cannot be relied on now; undefined when fine. For readiness. */
  fault(): string | undefined;
  /** Seconds since the API server was last heard of (event, bookmark, list). */
  lagSeconds(): number;
}

export interface WatchTimeouts extends WatchLimits {
  /** How long the next watch may last; a new one starts where it ended. `random` is from 0 up to 1. */
  readonly watchSeconds: (random: number) => number;
  /** A cache that heard nothing for longer is not to be relied on. */
  readonly staleMs: number;
  /** The list is read anew about this often, in case that a watch missed something. */
  readonly relistMs: number;
  readonly backoff: Backoff;
}

export interface WatchState {
  readonly lagSeconds: () => number;
  readonly objects: () => number;
}

export interface WatchMetrics {
  /** A watch ended: `ended` as it should, else what went wrong. */
  watchEnded(resource: string, reason: string): void;
  listed(resource: string): void;
  /** What to ask when the metrics are read. */
  watching(resource: string, state: WatchState): void;
}

export interface WatchCacheOptions<T> {
  readonly client: KubeClient;
  /** Of the collection, e.g. `/apis/toolhive.stacklok.dev/v1beta1/mcpservers`; may throw while it is not known. */
  readonly path: () => string;
  /** Only objects with these labels; all where absent. */
  readonly labelSelector?: string;
  /** What to remember of an object. Small: it is kept for each of them. */
  readonly project: (object: KubernetesObject) => T;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For log and metrics, where the path does not end with it. */
  readonly resource?: string;
  readonly metrics?: WatchMetrics;
  readonly timeouts?: Partial<WatchTimeouts>;
}

const TIMEOUTS: WatchTimeouts = {
  answerMs: 60_000,
  silenceMs: 130_000, // two bookmarks that did not come, if any were to come
  lineBytes: 16 * 1024 * 1024, // ten times what etcd stores as one object
  watchSeconds: (random) => Math.round(300 + 300 * random),
  staleMs: 180_000,
  relistMs: 30 * 60_000,
  backoff: { firstMs: 500, ceilingMs: 15_000 },
};

/** Objects a page. Of what is read little is kept, and the rest is thrown away sooner where less of it comes at a time. */
const PAGE = 100;

/** A watch that lived this long was fine: what ended it is a first failure again. */
const HEALTHY_MS = 10_000;
/** At most this long do we do as Retry-After says. */
const LONGEST_PAUSE_MS = 60_000;

export function createWatchCache<T>(options: WatchCacheOptions<T>): WatchCache<T> {
  const { client, path, project, clock, logger, metrics } = options;
  const selector = options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector };
  const timeouts: WatchTimeouts = { ...TIMEOUTS, ...options.timeouts };
  const store = createWatchStore({
    project,
    onBug: (error, object) => {
      logger.error('watch cache: an object could not be taken in', {
        resource: resource(),
        object,
        error: messageOf(error),
      });
    },
  });
  let heardAt = clock.now();
  let synced = false;
  let trouble: string | undefined;
  /** Where the watch goes on from; undefined where only a list will do. */
  let resume: string | undefined;
  let relistAt = 0;
  /** In a row, without an event or a bookmark in between. */
  let silences = 0;
  let failures = 0;

  const heard = (): void => {
    heardAt = clock.now();
  };
  const lagMs = (): number => clock.now() - heardAt;

  function resource(): string {
    try {
      return options.resource ?? path().split('/').pop() ?? '';
    } catch {
      return '';
    }
  }

  async function list(signal: AbortSignal): Promise<void> {
    // Should it fail where a watch could still go on, it is tried again after some time of watching.
    relistAt = clock.now() + timeouts.relistMs / 10;
    const relist = store.relist();
    let resourceVersion = '';
    for await (const page of listPages({ request }, { path: path(), ...selector, page: PAGE, signal })) {
      heard();
      page.items.forEach(store.put);
      resourceVersion = page.resourceVersion;
    }
    relist.complete();
    resume = resourceVersion;
    relistAt = clock.now() + timeouts.relistMs * (1 - clock.random() / 5); // replicas that started together do not stay so
    synced = true;
    metrics?.listed(resource());
  }

  /** One page; a connection that died without a word must not hold it for ever. */
  async function request(call: Parameters<KubeClient['request']>[0]): Promise<unknown> {
    const own = limited(clock, call.signal ?? new AbortController().signal, timeouts.answerMs, () => SLOW);
    try {
      return await client.request({ ...call, attempts: 1, signal: own.signal });
    } finally {
      own.release();
    }
  }

  async function watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const untilRelist = Math.ceil((relistAt - clock.now()) / 1000);
    // Where nothing happens, nothing may come; then the API server's own end of the watch is the sign of life.
    const quiet = silences === 0 ? Infinity : Math.floor((timeouts.silenceMs * 0.8) / 1000);
    const seconds = Math.max(1, Math.min(timeouts.watchSeconds(clock.random()), untilRelist, quiet));
    const startedAt = clock.now();
    try {
      await watchOnce({
        ...{ client, path: path(), ...selector, resourceVersion, seconds, limits: timeouts, clock, signal },
        heard,
        handle,
      });
    } finally {
      if (clock.now() - startedAt >= Math.min(HEALTHY_MS, seconds * 500)) {
        failures = 0;
      }
    }
  }

  function handle({ type, object }: WatchEvent): void {
    silences = 0;
    trouble = undefined;
    if (type === 'DELETED') {
      store.remove(object);
    } else if (type !== 'BOOKMARK') {
      store.put(object);
    }
    resume = object.metadata.resourceVersion;
  }

  /** A list if there must be one, then a watch. Undefined where all went as it should, else what did not. */
  async function turn(signal: AbortSignal): Promise<unknown> {
    try {
      if (resume === undefined || clock.now() >= relistAt) {
        await list(signal);
      }
      await watch(resume ?? '', signal);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  function resumable(error: unknown): boolean {
    if (error instanceof WatchFault) {
      // After a first silence the API server was asked to end the next watch before there can be a second.
      silences += error.reason === 'silent' ? 1 : 0;
      return error.reason === 'unanswered' || (error.reason === 'silent' && silences < 2);
    }
    return error instanceof ApiError && RESUMABLE.has(error.code) && !isFromTheFuture(error);
  }

  /** Takes note of how a turn went. Returns how long to wait before the next one. */
  function afterwards(error: unknown): number {
    const reason = reasonOf(error);
    metrics?.watchEnded(resource(), reason);
    failures += 1;
    if (error === undefined) {
      trouble = undefined;
      return failures === 1 ? 0 : backoffMs(timeouts.backoff, failures - 1, clock.random());
    }
    const level = trouble === undefined ? 'info' : 'debug'; // once per interruption
    trouble = messageOf(error);
    logger[level]('watch cache: interrupted', { resource: resource(), reason, error: trouble });
    if (!resumable(error)) {
      resume = undefined;
      silences = 0;
    }
    const asked = error instanceof ApiError ? Math.min(error.retryAfterMs ?? 0, LONGEST_PAUSE_MS) : 0;
    return Math.max(asked, backoffMs(timeouts.backoff, failures, clock.random()));
  }

  return {
    run: async (signal) => {
      metrics?.watching(resource(), { lagSeconds: () => lagMs() / 1000, objects: store.size });
      const stopped = (): boolean => signal.aborted;
      while (!stopped()) {
        const error = await turn(signal);
        const delay = stopped() ? 0 : afterwards(error);
        if (delay > 0) {
          await pause(clock, delay, signal);
        }
      }
    },
    synced: () => synced,
    get: store.get,
    entry: store.entry,
    list: store.list,
    onChange: store.onChange,
    fault: () => {
      const because = trouble === undefined ? '' : `: ${trouble}`;
      if (!synced) {
        return `${resource()} were not read yet${because}`;
      }
      return lagMs() > timeouts.staleMs
        ? `${resource()}: nothing heard from the API server for ${String(Math.round(lagMs() / 1000))} s${because}`
        : undefined;
    },
    lagSeconds: () => lagMs() / 1000,
  };
}

const SLOW = new ApiError('API_UNAVAILABLE', 0, 'the API server did not answer in time');

/** It may be better soon, and nothing says that the place where we were is gone. */
const RESUMABLE: ReadonlySet<ApiError['code']> = new Set(['API_UNAVAILABLE', 'API_TOO_MANY_REQUESTS', 'API_FORBIDDEN']);

function isFromTheFuture({ causes }: ApiError): boolean {
  return causes.some(({ reason }) => reason === 'ResourceVersionTooLarge');
}

function reasonOf(error: unknown): string {
  if (error === undefined) {
    return 'ended';
  }
  if (error instanceof WatchFault) {
    return error.cause instanceof ApiError && error.cause.code === 'API_GONE' ? 'expired' : error.reason;
  }
  if (error instanceof ApiError) {
    return error.code === 'API_GONE' ? 'expired' : error.status === 0 ? 'unreachable' : 'refused';
  }
  return 'bug';
}
