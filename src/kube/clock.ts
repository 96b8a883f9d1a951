/** Time as an argument: tests turn it by hand. */

export interface Clock {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Calls back once, `ms` from now, unless the returned function is called first. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves after `ms`, or at once when `signal` aborts; look at the signal to know which. */
export function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal?.addEventListener('abort', finish);
  });
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** Time no longer counts; the caller's signal still does. */
  readonly lift: () => void;
  /** To be called when the work is over, or a long-lived signal keeps a listener for every request ever made. */
  readonly dispose: () => void;
}

/** A signal that aborts with `signal`, or after `ms`. */
export function deadline(clock: Clock, ms: number, signal: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
  };
  if (signal?.aborted === true) {
    abort();
  }
  signal?.addEventListener('abort', abort);
  const lift = clock.after(ms, abort);
  return {
    signal: controller.signal,
    lift,
    dispose: () => {
      lift();
      signal?.removeEventListener('abort', abort);
    },
  };
}
