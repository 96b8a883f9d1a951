/**
 * The admission grace. A reference that was let in just before its config began to terminate may be stored a whole
 * admission call later; a LIST made before that does not show it. So only a LIST made the whole grace after the deletion
 * was known may release the config (docs/adr/0016-companion-loop.md).
 */

/** Longer than an admission call (10 s at most, engine/registration.ts) and the write behind it take. */
export const ADMISSION_GRACE_MS = 15_000;

/**
 * Counted by our own monotonic clock from when this process first saw the deletion, which is later than the deletion:
 * never too short, however the clocks of the machines differ. After a restart it is counted anew.
 */
export function graceLeftMs(firstSeenMs: number, nowMs: number, graceMs: number = ADMISSION_GRACE_MS): number {
  return Math.max(0, firstSeenMs + graceMs - nowMs);
}
