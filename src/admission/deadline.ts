/** How long the API server waits: the `timeout` query parameter of its call, a Go duration such as `10s`. */

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** What is left for the answer to travel and for a busy event loop. */
const MARGIN_MS = 250;

/** Kubernetes' own upper limit for `timeoutSeconds` of a webhook. */
export const LONGEST_MS = 30_000;

/** Milliseconds of a Go duration (time.ParseDuration), undefined where the text is none. */
export function parseGoDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/gy)];
  const length = parts.reduce((sum, [whole]) => sum + whole.length, 0);
  if (parts.length === 0 || length !== text.length) {
    return undefined;
  }
  return parts.reduce((sum, [, amount = '0', unit = 's']) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
}

/** How many milliseconds the work may take, so that an answer leaves before the API server hangs up. */
export function workBudget(timeout: string | null): number {
  const asked = timeout === null ? LONGEST_MS : (parseGoDuration(timeout) ?? LONGEST_MS);
  const bounded = Math.min(asked, LONGEST_MS);
  return Math.max(bounded / 2, bounded - MARGIN_MS);
}

/** The same for the same words: the API server asks with the one timeout of its registration, over and over. */
export function createWorkBudget(): (query: string) => number {
  let known = { query: '', budget: workBudget(null) };
  return (query) => {
    if (query !== known.query) {
      known = { query, budget: workBudget(new URLSearchParams(query).get('timeout')) };
    }
    return known.budget;
  };
}

export class DeadlineError extends Error {
  readonly code = 'DEADLINE_EXCEEDED';
}

/** The time that the work for one request may take. Who waits for nothing needs no timer. */
export interface Deadline {
  /** Aborted when the time is over. To be asked for before the first thing that is waited for. */
  signal(): AbortSignal;
  /** As `work`, or rejects with {@link DeadlineError} where the time is over first. */
  bound<T>(work: Promise<T>): Promise<T>;
}

interface Armed {
  readonly controller: AbortController;
  readonly expired: Promise<never>;
  readonly timer: NodeJS.Timeout;
}

export function createDeadline(milliseconds: number): Deadline {
  let armed: Armed | undefined;
  const arm = (): Armed => {
    const controller = new AbortController();
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new DeadlineError('the answer was not found within the time that the API server waits');
      controller.abort(error);
      reject(error);
    }, milliseconds);
    return { controller, expired, timer };
  };
  return {
    signal: () => (armed ??= arm()).controller.signal,
    bound: async (work) => {
      if (armed === undefined) {
        return work;
      }
      const { expired, timer } = armed;
      try {
        return await Promise.race([work, expired]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
