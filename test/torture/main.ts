/** `npm run torture`: what this project promises under hostile input and load, shown section by section. */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { fuzz } from './fuzz.ts';
import { overload } from './overload.ts';
import { soak } from './soak.ts';
import { sockets } from './sockets.ts';
import { longForm, shortForm, type Section, type SectionResult } from './section.ts';

const SECTIONS: Readonly<Record<string, Section>> = { fuzz, sockets, overload, soak };
const USUAL = ['fuzz', 'sockets', 'overload'];

interface Flags {
  readonly short: boolean;
  readonly seed?: number;
  readonly requests?: number;
  readonly minutes?: number;
  readonly json?: string;
}

const whole = (text: string): number => {
  if (!/^\d{1,10}$/.test(text)) {
    throw new InvalidArgumentError('expected a whole number.');
  }
  return Number(text);
};

const program = new Command('torture')
  .description('Tries to break the server: hostile input, hostile policies, too much load, long load.')
  .argument('[sections...]', `any of ${Object.keys(SECTIONS).join(', ')}`, USUAL)
  .option('--short', 'the form that npm test runs: 100,000 requests, 10 s of overload', false)
  .option('--seed <n>', 'of everything random; printed, so that a run can be repeated', whole)
  .option('--requests <n>', 'of the section fuzz (default: 1000000; 100000 with --short)', whole)
  .option('--minutes <n>', 'of the section soak (default: 20; 2 with --short)', whole)
  .option('--json <file>', 'write the results there, too')
  .addHelpText('after', '\nExit code 0 when every promise held, 1 when one did not. What is promised: docs/torture.md')
  .action(async (names: readonly string[], flags: Flags) => {
    process.exitCode = (await torture(names, flags)) ? 0 : 1;
  });

async function torture(names: readonly string[], flags: Flags): Promise<boolean> {
  const seed = flags.seed ?? Math.floor(Math.random() * 0x7fffffff);
  process.stderr.write(`seed ${String(seed)}\n`);
  const results: SectionResult[] = [];
  for (const name of names) {
    const section = SECTIONS[name];
    if (section === undefined) {
      throw new InvalidArgumentError(`there is no section "${name}"; there are ${Object.keys(SECTIONS).join(', ')}`);
    }
    const started = performance.now();
    const extent = flags.short ? shortForm : longForm;
    const { requests = extent.requests, minutes = extent.minutes } = flags;
    const result = await section({ ...extent, requests, minutes, seed, progress });
    progress('');
    const seconds = Math.round((performance.now() - started) / 1000);
    const timed = { ...result, figures: { ...result.figures, seconds } };
    results.push(timed);
    process.stdout.write(table(timed));
  }
  if (flags.json !== undefined) {
    writeFileSync(flags.json, `${JSON.stringify({ seed, results }, null, 2)}\n`);
  }
  return results.every(({ failures }) => failures.length === 0);
}

const PROGRESS_MS = 500;
let toldAt = -Infinity;

/** In place on a terminal; elsewhere a line now and then. */
function progress(line: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001b[K${line}`);
  } else if (line !== '' && performance.now() - toldAt >= PROGRESS_MS) {
    toldAt = performance.now();
    process.stderr.write(`· ${line}\n`);
  }
}

function table({ section, figures, failures }: SectionResult): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const lines = Object.entries(figures).map(([name, value]) => `  ${name.padEnd(width)}  ${String(value)}`);
  const broken = failures.map((failure) => `  BROKEN: ${failure}`);
  return `${section}: ${failures.length === 0 ? 'held' : 'broken'}\n${[...lines, ...broken].join('\n')}\n`;
}

await program.parseAsync();
