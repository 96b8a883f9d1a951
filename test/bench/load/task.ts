/** What the load program is asked and what it answers; it runs as a process of its own, on a core of its own. */
import type { ReviewKind } from '../reviews.ts';

export interface Target {
  readonly port: number;
  /** With its query, as the API server sends it. */
  readonly path: string;
  /** PEM. */
  readonly ca: string;
}

interface LoadBase {
  readonly target: Target;
  readonly review: ReviewKind;
  /** Bytes of one review, about. */
  readonly bytes: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Each connection asks again as soon as it was answered. */
export interface FlatOut extends LoadBase {
  readonly mode: 'flat out';
}

/**
 * Requests fall due at a constant rate whatever becomes of those before. Latency counts from when a request was due, not
 * from when a connection was free to send it: a server that stalls is charged for everybody who waits meanwhile.
 */
export interface AtRate extends LoadBase {
  readonly mode: 'at rate';
  readonly perSecond: number;
}

export type LoadTask = FlatOut | AtRate;

/** Milliseconds. */
export interface Latency {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly latency: Latency;
  /** Answers that were not `allowed: true`, each text once. */
  readonly failures: readonly string[];
  readonly failed: number;
}
