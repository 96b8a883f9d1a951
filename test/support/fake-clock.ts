import type { Clock } from '../../src/kube/clock.ts';

export interface FakeClock extends Clock {
  /** Lets time pass; what falls due is called in its order. */
  readonly advance: (ms: number) => void;
  /** Lets time pass without calling anything, as while the process is stopped. */
  readonly freeze: (ms: number) => void;
  /** Timers that wait. */
  readonly pending: () => number;
  /** When the next one is due, in milliseconds from now. */
  readonly next: () => number | undefined;
}

/** Stands still until it is told to move; chance always gives `random`. */
export function createFakeClock(random = 0.5): FakeClock {
  let now = 0;
  let sequence = 0;
  const timers = new Map<number, { readonly at: number; readonly callback: () => void }>();
  const soonest = (): [number, { readonly at: number; readonly callback: () => void }] | undefined =>
    [...timers].sort(([a, left], [b, right]) => left.at - right.at || a - b)[0];
  return {
    now: () => now,
    random: () => random,
    after: (ms, callback) => {
      sequence += 1;
      const id = sequence;
      timers.set(id, { at: now + Math.max(0, ms), callback });
      return () => {
        timers.delete(id);
      };
    },
    freeze: (ms) => {
      now += ms;
    },
    pending: () => timers.size,
    next: () => {
      const first = soonest();
      return first === undefined ? undefined : first[1].at - now;
    },
    advance: (ms) => {
      const end = now + ms;
      for (let first = soonest(); first !== undefined && first[1].at <= end; first = soonest()) {
        timers.delete(first[0]);
        now = Math.max(now, first[1].at);
        first[1].callback();
      }
      now = end;
    },
  };
}
