/** Time and chance as an argument, so that tests can hold both in their hands. */

export interface Clock {
  /** Milliseconds, monotonic; goes on while the process is stopped (SIGSTOP). */
  now(): number;
  /** Calls once, `ms` from now. Returns how to cancel. */
  after(ms: number, callback: () => void): () => void;
  /** From 0 up to but not including 1. */
  random(): number;
}

/** Longer delays make setTimeout fire at once (it counts in 32 bits). */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_MS));
    return () => {
      clearTimeout(timer);
    };
  },
  random: () => Math.random(),
};

/** Resolves after `ms`, or as soon as `signal` aborts; leaves neither timer nor listener behind. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal.addEventListener('abort', finish);
  });
}

export interface Limited {
  readonly signal: AbortSignal;
  /** Ends it now, for that reason. */
  readonly abort: (why: unknown) => void;
  /** Gives timer and listener back; to be called whatever happened. */
  readonly release: () => void;
}

/**
 * A signal that follows `parent` and also aborts after `ms`, with `why`. Not AbortSignal.any and AbortSignal.timeout:
 * those live in real time, and a parent that lives as long as the process would collect them.
 */
export function limited(clock: Clock, parent: AbortSignal, ms: number, why: () => Error): Limited {
  const own = new AbortController();
  const follow = (): void => {
    own.abort(parent.reason);
  };
  const cancel = clock.after(ms, () => {
    own.abort(why());
  });
  parent.addEventListener('abort', follow);
  if (parent.aborted) {
    follow();
  }
  return {
    signal: own.signal,
    abort: (reason) => {
      own.abort(reason);
    },
    release: () => {
      cancel();
      parent.removeEventListener('abort', follow);
    },
  };
}
