/**
 * Reads of one object that are asked for at the same time are one read. Whoever asks gets what was read after he asked,
 * never what was on its way already, so that a config that was just made is there: while a read is under way the next
 * ones wait for it to end, and then share the read that follows.
 */
import type { ApiRequest, KubeClient } from './client.ts';

/** A read that takes longer than this is not waited for: its connection may have died. */
const PATIENCE_MS = 50;

interface Read {
  readonly startedAt: number;
  readonly answer: Promise<unknown>;
  /** The one that those share who came while this one was under way. */
  next?: Shared;
}

interface Shared {
  waiting: number;
  readonly controller: AbortController;
  readonly answer: Promise<unknown>;
}

/** @param clock milliseconds, monotonic */
export function sharedReads(client: KubeClient, clock: () => number): KubeClient {
  const reads = new Map<string, Read>();

  function start(path: string, signal: AbortSignal): Promise<unknown> {
    const answer = client.request({ method: 'GET', path, signal });
    const read: Read = { startedAt: clock(), answer };
    reads.set(path, read);
    const end = (): void => {
      if (reads.get(path) === read) {
        reads.delete(path);
      }
    };
    answer.then(end, end);
    return answer;
  }

  function following(read: Read, path: string): Shared {
    const controller = new AbortController();
    const begin = (): Promise<unknown> => start(path, controller.signal);
    return { waiting: 0, controller, answer: read.answer.then(begin, begin) };
  }

  function get({ path, signal }: ApiRequest): Promise<unknown> {
    const read = reads.get(path);
    if (read === undefined || clock() - read.startedAt > PATIENCE_MS) {
      return start(path, signal ?? new AbortController().signal);
    }
    if (read.next === undefined || read.next.controller.signal.aborted) {
      read.next = following(read, path);
    }
    return share(read.next, signal);
  }

  return {
    ...client,
    request: (call) => (call.method === 'GET' && call.query === undefined ? get(call) : client.request(call)),
  };
}

/** Whoever has no time left leaves; the read ends with the last one who waits for it. */
function share(shared: Shared, signal: AbortSignal | undefined): Promise<unknown> {
  shared.waiting += 1;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      shared.waiting -= 1;
      if (shared.waiting === 0) {
        shared.controller.abort(signal?.reason);
      }
      reject(signal?.reason instanceof Error ? signal.reason : new Error('nobody waits for the answer any more'));
    };
    signal?.addEventListener('abort', leave, { once: true });
    const settle = (): void => {
      signal?.removeEventListener('abort', leave);
    };
    shared.answer.then(resolve, reject).finally(settle);
  });
}
