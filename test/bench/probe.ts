/**
 * Loaded into a process before its own program: how long its event loop was held up, and by what the garbage collector.
 * Writes what it saw since the last time to a file whenever SIGUSR2 comes, and begins anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

export const PROBE_FILE = 'MCP_AUTHZ_BENCH_PROBE';

/** Milliseconds. */
export interface Pauses {
  readonly longest: number;
  readonly p999: number;
  readonly longestCollection: number;
  readonly collections: number;
}

/** Milliseconds between two looks; a pause is what comes on top. */
const RESOLUTION = 1;

const file = process.env[PROBE_FILE];
if (isMainThread && file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  let collections = 0;
  let longestCollection = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      collections += 1;
      longestCollection = Math.max(longestCollection, duration);
    }
  }).observe({ entryTypes: ['gc'] });
  process.on('SIGUSR2', () => {
    const pauses: Pauses = {
      longest: delay.max / 1e6 - RESOLUTION,
      p999: delay.percentile(99.9) / 1e6 - RESOLUTION,
      ...{ longestCollection, collections },
    };
    // Aside first: who waits for the file never sees half of it.
    writeFileSync(`${file}.new`, JSON.stringify(pauses));
    renameSync(`${file}.new`, file);
    delay.reset();
    collections = 0;
    longestCollection = 0;
  });
}
