/** `npm start` as a newcomer runs it: what it shows, how it ends, and that nothing is left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './cluster.ts';

const ROOT = join(import.meta.dirname, '../..');

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(...flags: readonly string[]): Run {
  // Without the variables that name a cluster, as on a newcomer's machine.
  const naming = ['KUBECONFIG', 'MCP_AUTHZ_KUBECONFIG', 'KUBERNETES_SERVICE_HOST'];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !naming.includes(name)));
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.js'), 'start', ...flags], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, output: () => text, ended };
}

/** Processes whose command line mentions `text` (Linux's /proc). */
function processesMentioning(text: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // it ended meanwhile
      }
    });
}

it('shows every answer and ends with 0 when all were the expected ones', async () => {
  const run = start('--exit');
  expect([await run.ended, run.output()]).toEqual([0, expect.stringContaining('Every answer was the expected one.')]);
  expect(run.output().match(/^as expected$/gm)).toHaveLength(10);
  expect(run.output()).not.toContain('\u001b['); // no colour into a pipe
});

it('stays until it is interrupted, can be used from elsewhere, and then everything is gone', async () => {
  const run = start();
  await eventually('the kubeconfig is printed', () => Promise.resolve(run.output().includes('export KUBECONFIG=')));
  const kubeconfig = /export KUBECONFIG=(\S+)/.exec(run.output())?.[1] ?? '';
  const folder = join(kubeconfig, '..');
  expect(existsSync(kubeconfig)).toBe(true);
  expect(processesMentioning(folder).length).toBeGreaterThanOrEqual(4);
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(0);
  expect(existsSync(folder)).toBe(false);
  expect(processesMentioning(folder)).toEqual([]);
});
