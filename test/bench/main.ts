/** `npm run bench`: measures the server beside its peers. See docs/performance.md. */
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { FULL, SHORT, SMOKE } from './amounts.ts';
import { issueCertificates } from './certificates.ts';
import { startLoadGenerator } from './load/generator.ts';
import { preferUs } from './priority.ts';
import { createProgress } from './report/progress.ts';
import { publish } from './report/publish.ts';
import { reportOf, tableOf, writeReport, type ReportedSection } from './report/write.ts';
import { SECTIONS } from './sections/index.ts';

interface Options {
  readonly only?: readonly string[];
  readonly short?: true;
  readonly smoke?: true;
  readonly publish?: true;
  readonly output: string;
}

const names = SECTIONS.map(({ name }) => name);

const program = new Command('bench')
  .description('Measures the server beside its peers. Every figure is a ratio of programs run in turns on one core.')
  .addOption(new Option('--only <sections...>', 'these sections alone').choices(names))
  .option('--short', 'one short round of everything: a first look, too little to rely on')
  .addOption(new Option('--smoke', 'only shows that it works; says nothing about speed').conflicts('short'))
  .option('--output <folder>', 'where the JSON file and the chart go', 'test/bench/results')
  .option('--publish', 'writes figures and chart into docs/performance.md, those of earlier runs with them')
  .addHelpText('after', `\nSections:\n${SECTIONS.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}`)
  .action(bench);

async function bench({ only, short, smoke, output, publish: published }: Options): Promise<void> {
  const extent = smoke === true ? 'smoke' : short === true ? 'short' : 'full';
  const amounts = { full: FULL, short: SHORT, smoke: SMOKE }[extent];
  if (extent !== 'smoke') {
    preferUs();
  }
  const chosen = SECTIONS.filter(({ name }) => only?.includes(name) ?? true);
  const folder = mkdtempSync(join(scratchFolder(), 'mcp-authz-bench-'));
  const load = startLoadGenerator(folder);
  const progress = createProgress(process.stderr, chosen.length);
  const results: Record<string, ReportedSection> = {};
  const failures: string[] = [];
  try {
    const certificates = await issueCertificates(folder);
    for (const section of chosen) {
      progress.section(section.name);
      try {
        const result = await section.run({ folder, certificates, load, amounts, say: progress.say });
        results[section.name] = { measuredAt: new Date().toISOString(), ...result };
      } catch (error) {
        // What the other sections find is worth having.
        failures.push(`${section.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    progress.end();
    await load.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const report = reportOf(output, extent, results, names);
  writeReport(output, report);
  process.stdout.write(tableOf(report, Object.keys(results)));
  if (published === true) {
    await publish(output, report);
  }
  if (failures.length > 0) {
    process.stderr.write(`\n${failures.join('\n')}\n`);
    process.exitCode = 1;
  }
}

/** Bytes; a run writes about half as much. */
const LOGS = 1024 ** 3;
const IN_MEMORY = '/dev/shm';

/**
 * In memory where there is room: a file on a disk holds up whoever writes to it for ten milliseconds now and then, and
 * what a container writes goes to a pipe.
 */
function scratchFolder(): string {
  const { bavail = 0, bsize = 0 } = existsSync(IN_MEMORY) ? statfsSync(IN_MEMORY) : {};
  return bavail * bsize > LOGS ? IN_MEMORY : tmpdir();
}

// Without this an interrupted run would leave its programs behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(1));
}

await program.parseAsync();
