/** The results as files, and the table for the terminal. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release } from 'node:os';
import { join } from 'node:path';
import { CORES } from '../processes.ts';
import type { SectionResult } from '../section.ts';
import { met } from './row.ts';
import { markdownTable, plainTable } from './table.ts';

/** Returns what is printed. */
export function writeReport(folder: string, results: Readonly<Record<string, SectionResult>>): string {
  mkdirSync(folder, { recursive: true });
  const rows = Object.values(results).flatMap((result) => result.rows);
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    pinned: CORES.pinned,
  };
  const figures = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, result.figures]));
  const judged = rows.map((row) => ({ ...row, met: met(row) }));
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify({ machine, rows: judged, figures }, undefined, 2)}\n`);
  writeFileSync(join(folder, 'results.md'), `${markdownTable(rows)}\n`);
  const pinning = CORES.pinned ? '' : '\nThe programs could not be pinned to cores (two cores and taskset are needed).';
  return `${plainTable(rows)}\n${pinning}`;
}
