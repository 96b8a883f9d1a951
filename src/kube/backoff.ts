/** How long to wait before another try: doubling, with a ceiling, spread so that replicas do not come in step. */

export interface Backoff {
  readonly firstMs: number;
  readonly ceilingMs: number;
}

/** After `failures` in a row (1 is the first); between half of the delay and all of it, by `random` (0 up to 1). */
export function backoffMs({ firstMs, ceilingMs }: Backoff, failures: number, random: number): number {
  const whole = Math.min(ceilingMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return whole * (0.5 + random / 2);
}
