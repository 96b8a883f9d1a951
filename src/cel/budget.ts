/**
 * How much an evaluation may cost. A unit is about one evaluated node of an expression, roughly 50 ns.
 *
 * The API server counts too (1,000,000 units an expression, k8s.io/apiserver/pkg/apis/cel/config.go); its units are
 * others, the purpose is the same: an object that a user sends must not hold the server by way of an innocent rule.
 */
export const DEFAULT_BUDGET = 1_000_000;

/** Characters that are read, compared or copied for one unit. */
const CHARACTERS = 16;

export class BudgetError extends Error {
  readonly code = 'CEL_BUDGET';
}

export interface Budget {
  /** @throws BudgetError once more was spent than allowed, and on every call after. */
  spend(units: number): void;
  /** What it costs to read the value completely. */
  weigh(value: unknown): number;
  /** The error of {@link spend}, if it was thrown: whoever evaluates may have swallowed it. */
  exhaustion(): BudgetError | undefined;
  /** Starts anew; called before each evaluation, or once for several that share the budget. */
  reset(): void;
}

export function createBudget(limit: number = DEFAULT_BUDGET): Budget {
  let left = limit;
  // One error for all: after the budget is gone, every element of a list may still ask.
  const exhausted = new BudgetError(`evaluation needs more than ${String(limit)} steps on this object`);
  const weights = new WeakMap<object, number>();
  return {
    spend: (units) => {
      left -= units;
      if (!(left >= 0)) {
        left = -1;
        throw exhausted;
      }
    },
    weigh: (value) => weigh(value, weights),
    exhaustion: () => (left < 0 ? exhausted : undefined),
    reset: () => {
      left = limit;
    },
  };
}

/** Remembered, so that a value that holds another one many times is weighed in the time of its distinct parts. */
function weigh(value: unknown, weights: WeakMap<object, number>): number {
  if (typeof value === 'string' || value instanceof Uint8Array) {
    return value.length / CHARACTERS;
  }
  if (typeof value !== 'object' || value === null) {
    return 0;
  }
  const known = weights.get(value);
  if (known !== undefined) {
    return known;
  }
  let weight = 1;
  // The library makes its map literals plain objects; what is neither has no parts that it would read.
  const parts = Array.isArray(value) || value instanceof Map ? value.values() : Object.values(value);
  for (const part of parts) {
    weight += 1 + weigh(part, weights);
  }
  weights.set(value, weight);
  return weight;
}
