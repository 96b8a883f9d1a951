/**
 * Events (events.k8s.io/v1) for whoever asks `kubectl describe`. Best effort: an event that cannot be written is
 * counted and told to the log, and nobody waits for it. The same event again is one object with a series.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from '../runtime/logger.ts';
import type { KubeClient } from './client.ts';
import { limited, type Clock } from './clock.ts';
import { ApiError, isNamespaceTerminating, messageOf } from './errors.ts';
import { microTime } from './lease-record.ts';
import { createWriter } from './write.ts';

/** v1.ObjectReference, as much of it as an event needs. */
export interface EventObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface EventRecord {
  readonly regarding: EventObject;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for machines: why. */
  readonly reason: string;
  /** CamelCase: what was done or not done. */
  readonly action: string;
  /** One sentence for a person. */
  readonly note: string;
  readonly related?: EventObject;
}

export interface EventRecorder {
  /** Returns at once and never throws; the same event again within the window is counted in its series. */
  record(event: EventRecord): void;
  /** Sends what is still waiting. For the end of the process. */
  flush(): Promise<void>;
}

export interface EventMetrics {
  /** `written`, `terminating` (its namespace is going away, which is no fault) or `failed`. */
  event(outcome: 'written' | 'terminating' | 'failed'): void;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** Who reports, e.g. `toolhive.stacklok.dev/mcp-authz-webhook`. */
  readonly controller: string;
  /** Which replica, e.g. the Pod. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: EventMetrics;
  /** For how long the same event belongs to the series of its first one. */
  readonly windowMs?: number;
  readonly wallClock?: () => Date;
}

interface Series {
  readonly event: EventRecord;
  readonly name: string;
  lastAt: number;
  lastSeen: Date;
  count: number;
  /** What the API server was told. */
  told: number;
  /** The write that is under way, and the one that waits for its time. */
  writing: Promise<void> | undefined;
  cancel: (() => void) | undefined;
}

const WINDOW_MS = 10 * 60_000;
/** A series is written at most this often. */
const INTERVAL_MS = 10_000;
const WRITE_MS = 10_000;
/** Beyond this many the oldest is forgotten: its next event is a first one again. */
const LARGEST = 1000;
/** events.k8s.io/v1 validation. */
const LONGEST_NOTE = 1024;
const LONGEST_NAME = 253 - 17;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, controller, instance, clock, logger, metrics, wallClock = () => new Date() } = options;
  const windowMs = options.windowMs ?? WINDOW_MS;
  const writer = createWriter(client);
  /** By what makes an event the same, the longest unseen first. */
  const series = new Map<string, Series>();
  const collection = (namespace: string): string =>
    `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;

  function record(event: EventRecord): void {
    const key = sameness(event);
    forgetOld();
    const known = series.get(key);
    series.delete(key);
    const current = known ?? begun(event);
    series.set(key, current);
    current.lastAt = clock.now();
    current.lastSeen = wallClock();
    current.count += 1;
    if (known === undefined) {
      write(current);
    } else {
      current.cancel ??= clock.after(INTERVAL_MS, () => {
        current.cancel = undefined;
        write(current);
      });
    }
  }

  function begun(event: EventRecord): Series {
    const prefix = event.regarding.name.slice(0, LONGEST_NAME).replace(/[^a-z0-9]+$/, '');
    const name = `${prefix}.${randomBytes(8).toString('hex')}`;
    const none = { lastAt: 0, lastSeen: wallClock(), count: 0, told: 0, writing: undefined, cancel: undefined };
    return { event, name, ...none };
  }

  function forgetOld(): void {
    for (const [key, { lastAt, cancel }] of series) {
      const old = clock.now() - lastAt > windowMs || series.size >= LARGEST;
      if (!old) {
        return; // the rest was seen later
      }
      if (cancel === undefined) {
        series.delete(key);
      }
    }
  }

  /** One write of a series at a time, in order. */
  function write(current: Series): void {
    const send = (): Promise<void> => (current.told === 0 ? first(current) : again(current));
    current.writing = (current.writing ?? Promise.resolve()).then(send).catch((error: unknown) => {
      const quiet = isNamespaceTerminating(error) || isNotFound(error);
      metrics?.event(quiet ? 'terminating' : 'failed');
      if (!quiet) {
        const { reason, regarding } = current.event;
        logger.warn('event not written', {
          ...{ reason, kind: regarding.kind, namespace: regarding.namespace, name: regarding.name },
          error: messageOf(error),
        });
      }
    });
  }

  async function first(current: Series): Promise<void> {
    const { event, name, count, lastSeen } = current;
    const { regarding, related, type, reason, action, note } = event;
    const body = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: regarding.namespace, name },
      eventTime: microTime(lastSeen),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      ...{ type, reason, action, regarding, related },
      note: shortened(note),
      ...(count === 1 ? {} : { series: { count, lastObservedTime: microTime(lastSeen) } }),
    };
    await send((signal) => writer.create(collection(regarding.namespace), body, signal));
    current.told = count;
  }

  async function again(current: Series): Promise<void> {
    const { event, name, count, lastSeen } = current;
    if (count === current.told) {
      return;
    }
    const patch = { series: { count, lastObservedTime: microTime(lastSeen) } };
    const path = `${collection(event.regarding.namespace)}/${name}`;
    try {
      await send((signal) => writer.mergePatch(path, patch, signal));
      current.told = count;
    } catch (error) {
      if (!isNotFound(error)) {
        throw error;
      }
      await first(current); // its time to live was over
    }
  }

  async function send(call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const within = limited(clock, NEVER, WRITE_MS, () => new Error('the API server did not answer in time'));
    try {
      await call(within.signal);
      metrics?.event('written');
    } finally {
      within.release();
    }
  }

  return {
    record,
    flush: async () => {
      for (const current of series.values()) {
        if (current.cancel !== undefined) {
          current.cancel();
          current.cancel = undefined;
          write(current);
        }
      }
      await Promise.all([...series.values()].map(({ writing = Promise.resolve() }) => writing));
    },
  };
}

const NEVER = new AbortController().signal;

/** Whatever changed about the object since: who it is counts, not its version. */
function sameness({ regarding, related, type, reason, action, note }: EventRecord): string {
  const { kind, namespace, name, uid } = regarding;
  return JSON.stringify([kind, namespace, name, uid, related?.kind, related?.name, type, reason, action, note]);
}

/** The namespace is gone already, or the event's time to live is over. */
function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'API_NOT_FOUND';
}

/** The API server counts bytes; a character is never cut in two. */
function shortened(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= LONGEST_NOTE) {
    return note;
  }
  // A character torn at the end becomes a replacement character, which goes.
  return `${bytes
    .subarray(0, LONGEST_NOTE - 3)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')}…`;
}
