/** What every part of the torture is given, and what it hands back. */

export interface TortureOptions {
  /** Everything that is random follows from it. */
  readonly seed: number;
  /** Of the fuzz section. */
  readonly requests: number;
  /** Of load that is too much, in seconds. */
  readonly overloadSeconds: number;
  /** Connections that are opened, with their handshake, and left alone. */
  readonly idleConnections: number;
  /** Of the soak section. */
  readonly minutes: number;
  /** One line, replaced by the next one. */
  readonly progress: (line: string) => void;
}

export type Extent = Omit<TortureOptions, 'seed' | 'progress'>;

export const shortForm: Extent = { requests: 100_000, overloadSeconds: 10, idleConnections: 1500, minutes: 2 };
export const longForm: Extent = { requests: 1_000_000, overloadSeconds: 60, idleConnections: 10_000, minutes: 20 };

export interface SectionResult {
  readonly section: string;
  /** What was measured, for the table. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** What was promised and did not hold; none where all is well. */
  readonly failures: readonly string[];
}

export type Section = (options: TortureOptions) => Promise<SectionResult>;

export interface Failures {
  readonly add: (failure: string) => void;
  readonly list: () => readonly string[];
}

/** Of what may be wrong a thousand times, the first few. */
export function createFailures(limit = 10): Failures {
  const kept: string[] = [];
  let count = 0;
  return {
    add: (failure) => {
      count += 1;
      if (kept.length < limit) {
        kept.push(failure);
      }
    },
    list: () => (count > limit ? [...kept, `and ${String(count - limit)} more`] : kept),
  };
}

export const MEGABYTE = 1024 * 1024;

export function megabytes(bytes: number): number {
  return Math.round((bytes / MEGABYTE) * 10) / 10;
}
