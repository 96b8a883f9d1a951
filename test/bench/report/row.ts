/** What a benchmark finds, as values; tables, files and charts are made of them. */

export interface Target {
  readonly sense: 'at least' | 'at most';
  readonly value: number;
}

export interface Row {
  /** Stable, e.g. `flat-out-2k/controller-runtime`. */
  readonly id: string;
  /** What is compared with what. */
  readonly what: string;
  readonly measured: number;
  /** `x` for a ratio. */
  readonly unit: 'x' | 'ms' | 's' | 'MiB' | 'KiB' | 'writes';
  /** Absent where a figure is for orientation alone. */
  readonly target?: Target;
  /** Absolute figures, for orientation. */
  readonly detail: string;
}

/** Undefined where there is no target. */
export function met({ measured, target }: Row): boolean | undefined {
  return target === undefined
    ? undefined
    : target.sense === 'at least'
      ? measured >= target.value
      : measured <= target.value;
}

export const atLeast = (value: number): Target => ({ sense: 'at least', value });
export const atMost = (value: number): Target => ({ sense: 'at most', value });

/** The same without a target. */
export function forOrientation({ id, what, measured, unit, detail }: Row): Row {
  return { id, what, measured, unit, detail };
}
