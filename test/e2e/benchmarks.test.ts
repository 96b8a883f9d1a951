/** That the benchmarks run, every section of them. Nothing here says how fast anything is. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../../src/cli/playground/root.ts';
import type { Report } from '../bench/report/write.ts';
import { SECTIONS } from '../bench/sections/index.ts';

/** Builds the peers where they were not built before. */
const WITHIN_MS = 5 * 60_000;

describe('npm run bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-authz-bench-test-'));
  let report: Report;
  let output: string;

  beforeAll(async () => {
    const args = ['test/bench/main.ts', '--smoke', '--output', folder];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectRoot() });
    output = stdout;
    report = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Report;
  }, WITHIN_MS);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(SECTIONS.map(({ name }) => name))('measures %s', (name) => {
    const rows = report.sections[name]?.rows ?? [];
    expect(rows).not.toEqual([]);
    expect(rows.filter(({ measured }) => !Number.isFinite(measured))).toEqual([]);
    expect(rows.filter(({ what }) => !output.includes(what))).toEqual([]);
  });

  it('draws a line for each program', () => {
    const chart = readFileSync(join(folder, 'latency.svg'), 'utf8');
    const titles = [
      'mcp-authz-webhook',
      'controller-runtime',
      'node:https',
      'Pepr',
      'mcp-authz-webhook, reference kept',
      'mcp-authz-webhook, new reference read live',
    ];
    expect(chart.match(/<polyline /g)).toHaveLength(titles.length);
    expect(titles.filter((title) => !chart.includes(`>${title}</text>`))).toEqual([]);
  });
});
