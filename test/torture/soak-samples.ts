/** What a server holds over time, from its own metrics, and whether that grows. */
import type { ServerProcess } from '../../src/cli/playground/environment.ts';
import { MEGABYTE, megabytes } from './section.ts';

export interface Sample {
  readonly heap: number;
  readonly resident: number;
  readonly descriptors: number;
  readonly timers: number;
  readonly series: number;
}

export interface Sampler {
  take(): Promise<void>;
  all(): readonly Sample[];
}

export function sampler({ healthPort }: ServerProcess): Sampler {
  const samples: Sample[] = [];
  return {
    all: () => samples,
    take: async () => {
      const lines = (await (await fetch(`http://127.0.0.1:${String(healthPort)}/metrics`)).text()).split('\n');
      const value = (start: string): number =>
        lines.filter((line) => line.startsWith(start)).reduce((sum, line) => sum + Number(line.split(' ').pop()), 0);
      samples.push({
        heap: value('nodejs_heap_size_used_bytes ') + value('nodejs_external_memory_bytes '),
        resident: value('process_resident_memory_bytes '),
        descriptors: value('process_open_fds '),
        timers: value('nodejs_active_resources{type="Timeout"}'),
        series: lines.filter((line) => /^[a-z]/.test(line)).length,
      });
    },
  };
}

/**
 * How much more the last third may hold than the second, the first being for getting used to the work. Of the heap the
 * least is compared (what a collection leaves), of everything else the most.
 */
const TOLERANCE: Readonly<Record<keyof Sample, number>> = {
  heap: 8 * MEGABYTE,
  resident: 48 * MEGABYTE,
  descriptors: 10,
  timers: 10,
  series: 8,
};

export function growthFailures(samples: readonly Sample[]): readonly string[] {
  return [...growth(samples)].flatMap(([name, { middle, end }]) =>
    end - middle > TOLERANCE[name] ? [`${name} grew from ${String(middle)} to ${String(end)}`] : [],
  );
}

export function growthFigures(samples: readonly Sample[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...growth(samples)].map(([name, { middle, end }]) => {
      const shown = (value: number): string =>
        name === 'heap' || name === 'resident' ? `${String(megabytes(value))} MB` : String(value);
      return [`${name}, second and last third`, `${shown(middle)}, ${shown(end)}`];
    }),
  );
}

function growth(
  samples: readonly Sample[],
): ReadonlyMap<keyof Sample, { readonly middle: number; readonly end: number }> {
  const third = Math.floor(samples.length / 3);
  const middle = samples.slice(third, 2 * third);
  const end = samples.slice(2 * third);
  return new Map(
    (Object.keys(TOLERANCE) as (keyof Sample)[]).map((name) => {
      const of = (part: readonly Sample[]): number =>
        (name === 'heap' ? Math.min : Math.max)(...part.map((sample) => sample[name]));
      return [name, { middle: of(middle), end: of(end) }] as const;
    }),
  );
}
