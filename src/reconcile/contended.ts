/**
 * Two writers that disagree write for ever. Whoever notices first stops: that is us. What counts is that we wrote the
 * very same before, so that a busy object (a config that gains a thousand workloads) is no contention.
 */

export interface PastWrite {
  /** Milliseconds, of one clock. */
  readonly at: number;
  /** What was written, by its content. */
  readonly what: string;
}

export interface ContentionLimit {
  readonly writes: number;
  readonly windowMs: number;
}

/** Once is the write itself, a second and third time a race with another writer's stale copy; more is a quarrel. */
export const CONTENTION_LIMIT: ContentionLimit = { writes: 5, windowMs: 10 * 60_000 };

export function recentWrites(
  history: readonly PastWrite[],
  now: number,
  { windowMs }: ContentionLimit = CONTENTION_LIMIT,
): readonly PastWrite[] {
  return history.filter(({ at }) => now - at < windowMs);
}

/** Milliseconds until `what` may be written once more; 0 where it may be now. */
export function contendedForMs(
  history: readonly PastWrite[],
  what: string,
  now: number,
  limit: ContentionLimit = CONTENTION_LIMIT,
): number {
  const same = recentWrites(history, now, limit).filter((write) => write.what === what);
  const oldest = same[same.length - limit.writes];
  return oldest === undefined ? 0 : oldest.at + limit.windowMs - now;
}
