/** The results as files, and the table for the terminal. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release } from 'node:os';
import { join } from 'node:path';
import { CORES } from '../processes.ts';
import type { SectionResult } from '../section.ts';
import { latencyChart } from './chart.ts';
import { met } from './row.ts';
import { plainTable } from './table.ts';

/** What `results.json` holds. */
export interface Report {
  /** Of a whole run, a short one, or one that only shows that it works. */
  readonly extent: string;
  readonly machine: Readonly<Record<string, string | number | boolean>>;
  readonly sections: Readonly<Record<string, ReportedSection>>;
}

export interface ReportedSection extends SectionResult {
  readonly measuredAt: string;
}

/** Sections that this run left out stay as an earlier run of the same extent on the same machine found them. */
export function reportOf(
  folder: string,
  extent: string,
  sections: Report['sections'],
  order: readonly string[],
): Report {
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    pinned: CORES.pinned,
  };
  const earlier = earlierReport(join(folder, 'results.json'));
  const comparable = earlier?.extent === extent && JSON.stringify(earlier.machine) === JSON.stringify(machine);
  const all = { ...(comparable ? earlier.sections : {}), ...sections };
  const inOrder = order.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]));
  return { extent, machine, sections: Object.fromEntries(inOrder) };
}

function earlierReport(file: string): Report | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined; // written below
}

/** Writes `results.json` and `latency.svg`. */
export function writeReport(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  const sections = Object.entries(report.sections).map(([name, section]) => {
    const rows = section.rows.map((row) => ({ ...row, met: met(row) }));
    return [name, { ...section, rows }] as const;
  });
  const text = JSON.stringify({ ...report, sections: Object.fromEntries(sections) }, undefined, 2);
  writeFileSync(join(folder, 'results.json'), `${text}\n`);
  const chart = latencyChart(report.sections);
  if (chart !== undefined) {
    writeFileSync(join(folder, 'latency.svg'), chart);
  }
}

/** For the terminal: what this run found. */
export function tableOf({ sections, machine }: Report, names: readonly string[]): string {
  const rows = names.flatMap((name) => sections[name]?.rows ?? []);
  const pinning = machine['pinned'] === true ? '' : '\nNot pinned to cores: that needs two of them, and taskset.\n';
  return `${plainTable(rows)}\n${pinning}`;
}
