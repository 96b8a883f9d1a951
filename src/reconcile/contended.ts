/** Two writers that disagree write for ever. Whoever notices first stops: that is us. */

export interface ContentionLimit {
  readonly writes: number;
  readonly windowMs: number;
}

/** A rollout, an edit and a repair each cost an object two or three writes; nobody edits one object this often. */
export const CONTENTION_LIMIT: ContentionLimit = { writes: 20, windowMs: 5 * 60_000 };

/** The times (milliseconds, of one clock) that still count at `now`. */
export function recentWrites(
  times: readonly number[],
  now: number,
  { windowMs }: ContentionLimit = CONTENTION_LIMIT,
): readonly number[] {
  return times.filter((time) => now - time < windowMs);
}

export function isContended(times: readonly number[], now: number, limit: ContentionLimit = CONTENTION_LIMIT): boolean {
  return recentWrites(times, now, limit).length >= limit.writes;
}

/** Milliseconds until one more write is allowed; 0 where it is now. */
export function contendedFor(times: readonly number[], now: number, limit: ContentionLimit = CONTENTION_LIMIT): number {
  const recent = recentWrites(times, now, limit);
  const oldest = recent[recent.length - limit.writes];
  return oldest === undefined ? 0 : oldest + limit.windowMs - now;
}
