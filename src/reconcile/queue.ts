/**
 * Work queue of keys: a key that waits is there once, a key that is being worked on comes again only when that is done,
 * a key that fails comes back ever later. Never the same key on two workers.
 */
import { backoffMs, type Backoff } from '../kube/backoff.ts';
import type { Clock } from '../kube/clock.ts';

export interface WorkQueue {
  /**
   * Now; if it is being worked on, again after that. `version` is what a watch tells of; where that is one which
   * {@link wrote} named, it is no news.
   */
  add(key: string, version?: string): void;
  /** The work on the key ended with these versions, and with nothing more to do. Before {@link done}. */
  wrote(key: string, versions: readonly string[]): void;
  /** Once `ms` have passed, whatever else adds it before. The earliest of several counts. */
  addAfter(key: string, ms: number): void;
  /** The next key, when there is one; undefined once closed. Whoever takes it must call {@link done}. */
  take(): Promise<string | undefined>;
  /** Work on the key ended, well or not. */
  done(key: string): void;
  /** It failed: again after its backoff, which is returned. */
  retry(key: string): number;
  /** Somebody else wrote first: again soon. No failure, so the key's backoff stays what it was. */
  conflict(key: string): number;
  /** It went well, or there is nothing any more: the next failure is a first one again, and nothing of it is kept. */
  forget(key: string): void;
  /** Nothing comes out any more; whoever waits gets undefined. */
  close(): void;
  /** Waiting now, without those whose time has not come. */
  depth(): number;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly failure?: Backoff;
  readonly conflict?: Backoff;
}

const FAILURE: Backoff = { firstMs: 250, ceilingMs: 5 * 60_000 };
const CONFLICT: Backoff = { firstMs: 50, ceilingMs: 2000 };

export function createWorkQueue({ clock, failure = FAILURE, conflict = CONFLICT }: WorkQueueOptions): WorkQueue {
  /** In the order in which they came. */
  const waiting = new Set<string>();
  const working = new Set<string>();
  /** Came while it was being worked on: the versions that were told of, or undefined where it came for another reason. */
  const again = new Map<string, readonly string[] | undefined>();
  /** Written by ourselves, and not told of yet: one or two versions each, but of every object after a first pass. */
  const own = new Map<string, readonly string[]>();
  const delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  const failures = new Map<string, number>();
  const conflicts = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  let closed = false;

  function add(key: string, version?: string): void {
    if (closed) {
      return;
    }
    if (working.has(key)) {
      // Whether it is news is known when the work has ended.
      const before = again.has(key) ? again.get(key) : [];
      again.set(key, before === undefined || version === undefined ? undefined : [...before, version]);
      return;
    }
    if (version !== undefined && isOwn(key, version)) {
      return;
    }
    waiting.add(key);
    const [first] = waiting;
    const taker = first === undefined ? undefined : takers.shift();
    if (first !== undefined && taker !== undefined) {
      taker(begin(first));
    }
  }

  /** Each is told of once. */
  function isOwn(key: string, version: string): boolean {
    const versions = own.get(key) ?? [];
    const left = versions.filter((each) => each !== version);
    if (left.length > 0) {
      own.set(key, left);
    } else {
      own.delete(key);
    }
    return left.length < versions.length;
  }

  function begin(key: string): string {
    waiting.delete(key);
    working.add(key);
    return key;
  }

  function addAfter(key: string, ms: number): void {
    if (ms <= 0) {
      add(key);
      return;
    }
    const at = clock.now() + ms;
    const earlier = delayed.get(key);
    if (closed || (earlier !== undefined && earlier.at <= at)) {
      return;
    }
    earlier?.cancel();
    const cancel = clock.after(ms, () => {
      delayed.delete(key);
      add(key);
    });
    delayed.set(key, { at, cancel });
  }

  function later(key: string, counts: Map<string, number>, backoff: Backoff): number {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    const ms = backoffMs(backoff, count, clock.random());
    addAfter(key, ms);
    return ms;
  }

  return {
    add,
    addAfter,
    take: () => {
      const [first] = waiting;
      if (closed) {
        return Promise.resolve(undefined);
      }
      return first === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(begin(first));
    },
    wrote: (key, versions) => {
      if (versions.length > 0) {
        own.set(key, versions.slice()); // of its own length: V8 gives room for more to what grows
      }
    },
    done: (key) => {
      working.delete(key);
      const came = again.has(key);
      const versions = again.get(key);
      again.delete(key);
      if (came && (versions?.filter((version) => !isOwn(key, version)).length ?? 1) > 0) {
        add(key);
      }
    },
    retry: (key) => later(key, failures, failure),
    conflict: (key) => later(key, conflicts, conflict),
    forget: (key) => {
      failures.delete(key);
      conflicts.delete(key);
      own.delete(key); // of what a watch did not tell, after a break or because nothing changed, nothing will come
    },
    close: () => {
      closed = true;
      for (const { cancel } of delayed.values()) {
        cancel();
      }
      delayed.clear();
      waiting.clear();
      again.clear();
      own.clear();
      for (const taker of takers.splice(0)) {
        taker(undefined);
      }
    },
    depth: () => waiting.size,
  };
}
