/** One watch: one request, its events as they come, and an end that is always noticed. */
import type { IncomingMessage } from 'node:http';
import { at, isJsonObject, stringAt } from '../api/json.ts';
import { isKubernetesObject, type KubernetesObject } from '../api/objects.ts';
import type { KubeClient } from './client.ts';
import type { Clock } from './clock.ts';
import { ApiError, apiErrorFrom, unreachable } from './errors.ts';

/** Why a watch ended that the API server did not end. */
export class WatchFault extends Error {
  /** `unserved`: not before the CRD is there. `unanswered`: not even a first word. `silent`: nothing more for too long. `malformed`: no event. `reported`: an ERROR event. */
  readonly reason: 'unserved' | 'unanswered' | 'silent' | 'malformed' | 'reported';

  constructor(reason: WatchFault['reason'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
}

export interface WatchLimits {
  /** Until the API server begins to answer. */
  readonly answerMs: number;
  /**
   * Without a byte. Bookmarks come about once a minute, but only where anything happened since the watch began (apiserver,
   * cache_watcher.go: events newer than its resourceVersion).
   */
  readonly silenceMs: number;
  /** Of one event. */
  readonly lineBytes: number;
}

export interface WatchOptions {
  readonly client: KubeClient;
  readonly path: string;
  readonly labelSelector?: string | undefined;
  readonly resourceVersion: string;
  /** After this time the API server ends the watch. */
  readonly seconds: number;
  readonly limits: WatchLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The API server answered, or sent something. */
  readonly heard: () => void;
  readonly handle: (event: WatchEvent) => void;
}

/** Beyond its own time a watch gets this much before we end it. */
const OVERDUE_MS = 30_000;

/**
 * Resolves when the watch ended as it should. @throws WatchFault, or ApiError where it was refused or broke off.
 */
export async function watchOnce(options: WatchOptions): Promise<void> {
  const { client, path, labelSelector, resourceVersion, seconds, limits, clock, signal, heard, handle } = options;
  const own = new AbortController();
  const follow = (): void => {
    own.abort(signal.reason);
  };
  signal.addEventListener('abort', follow);
  if (signal.aborted) {
    follow();
  }
  const cancelOverdue = clock.after(seconds * 1000 + OVERDUE_MS, () => {
    own.abort(OVERDUE);
  });
  let response: IncomingMessage | undefined;
  const watchdog = createWatchdog(clock, limits.answerMs, (ms) => {
    const reason = response === undefined ? 'unanswered' : 'silent';
    own.abort(new WatchFault(reason, `nothing came for ${String(Math.round(ms / 1000))} s`));
  });
  try {
    response = await client.stream({
      method: 'GET',
      path,
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(seconds),
        resourceVersion,
        ...(labelSelector === undefined ? {} : { labelSelector }),
      },
      attempts: 1,
      signal: own.signal,
    });
    heard();
    watchdog.touch(limits.silenceMs);
    const split = createLineSplitter(limits.lineBytes);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      watchdog.touch(limits.silenceMs);
      heard();
      for (const line of split(chunk)) {
        handle(decodeEvent(line));
      }
    }
  } catch (error) {
    if (own.signal.reason === OVERDUE) {
      return;
    }
    const reason: unknown = own.signal.reason;
    throw reason instanceof WatchFault ? reason : asWatchError(error);
  } finally {
    response?.destroy(); // the connection with it, unless the answer was read to its end
    watchdog.stop();
    cancelOverdue();
    signal.removeEventListener('abort', follow);
  }
}

const OVERDUE = new Error('the watch outlived its time');

function asWatchError(error: unknown): unknown {
  return error instanceof WatchFault || error instanceof ApiError ? error : unreachable(error);
}

/** @throws WatchFault for what is no event, and for an ERROR event, with the ApiError as its cause. */
function decodeEvent(line: string): WatchEvent {
  const event = parse(line);
  const type = stringAt(event, 'type');
  const object = at(event, 'object');
  if (type === 'ERROR') {
    const code = at(object, 'code');
    const error = apiErrorFrom(typeof code === 'number' ? code : 500, object);
    throw new WatchFault('reported', error.message, error);
  }
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK') {
    throw new WatchFault('malformed', 'the API server sent a watch event of no known type');
  }
  if (!isKubernetesObject(object) || object.metadata.resourceVersion === undefined) {
    throw new WatchFault('malformed', 'the API server sent a watch event without an object');
  }
  return { type, object };
}

function parse(line: string): unknown {
  try {
    const event: unknown = JSON.parse(line);
    return isJsonObject(event) ? event : undefined;
  } catch (error) {
    throw new WatchFault('malformed', 'the API server sent a line that is no JSON', error);
  }
}

/** Gives the lines that a chunk completes; splits bytes, not text, so that no character is torn. */
export function createLineSplitter(limit: number): (chunk: Buffer) => Generator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  return function* (chunk) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const last = chunk.subarray(start, end);
      bounded(length + last.length);
      const line = parts.length === 0 ? last : Buffer.concat([...parts, last]);
      parts = [];
      length = 0;
      start = end + 1;
      if (line.length > 0) {
        yield line.toString('utf8');
      }
    }
    const rest = chunk.subarray(start);
    bounded(length + rest.length);
    if (rest.length > 0) {
      parts.push(rest);
      length += rest.length;
    }
  };

  function bounded(bytes: number): void {
    if (bytes > limit) {
      throw new WatchFault('malformed', `the API server sent a watch event of more than ${String(limit)} bytes`);
    }
  }
}

interface Watchdog {
  /** Something happened; barks when the next thing takes longer than `ms`. */
  readonly touch: (ms: number) => void;
  readonly stop: () => void;
}

/** One timer however often it is touched: it looks how long ago that was and sleeps for the rest. */
function createWatchdog(clock: Clock, firstMs: number, bark: (ms: number) => void): Watchdog {
  let allowed = firstMs;
  let touchedAt = clock.now();
  const look = (): (() => void) =>
    clock.after(touchedAt + allowed - clock.now(), () => {
      const quiet = clock.now() - touchedAt;
      if (quiet >= allowed) {
        bark(quiet);
      } else {
        cancel = look();
      }
    });
  let cancel = look();
  return {
    touch: (ms) => {
      touchedAt = clock.now();
      if (ms !== allowed) {
        allowed = ms;
        cancel();
        cancel = look();
      }
    },
    stop: () => {
      cancel();
    },
  };
}
