/**
 * The longest pause of the server under load, while configs of 200 policies are analysed. Beside it runs a process on the
 * same core that does nothing but look at its own event loop: what the machine itself takes away shows in both.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../load/task.ts';
import { PROBE_FILE, type Pauses } from '../probe.ts';
import { startProgram, waitFor, type ProgramProcess } from '../processes.ts';
import { startOurs, untilReady } from '../programs.ts';
import { atMost } from '../report/row.ts';
import { shortest } from '../report/table.ts';
import { configReview } from '../reviews.ts';
import type { Section } from '../section.ts';
import { startStandIn } from '../stand-in/start.ts';

const PROBE = join(import.meta.dirname, '../probe.ts');
const POLICIES = 200;
/** Between two configs. */
const EVERY_MS = 500;
const BYTES = 2000;

export const pauses: Section = {
  name: 'pauses',
  title: 'the longest pause under load while configs of 200 policies are analysed',
  run: async ({ folder, certificates, amounts, load, say }) => {
    const standIn = await startStandIn(folder, certificates, {
      ...{ name: 'stand-in', leaseTaken: false },
      ...amounts.small,
    });
    const files = { ours: join(folder, 'ours.pauses'), control: join(folder, 'control.pauses') };
    const ours = await startOurs(
      { folder, certificates, kubeconfig: standIn.kubeconfig, say },
      { preload: [PROBE], environment: { [PROBE_FILE]: files.ours } },
    );
    const control = startProgram({
      name: 'control',
      command: process.execPath,
      args: ['--import', PROBE, '--eval', 'setInterval(() => undefined, 1000)'],
      core: 'server',
      logFile: join(folder, 'control.log'),
      environment: { [PROBE_FILE]: files.control },
    });
    try {
      await untilReady(ours);
      const { target } = ours;
      const task = { mode: 'at rate', target, review: 'inline', bytes: BYTES, connections: 16 } as const;
      await load.run({ ...task, perSecond: amounts.rate, seconds: amounts.warmUpSeconds });
      await readPauses(ours.process, files.ours);
      await readPauses(control, files.control);
      say(`${String(amounts.pauseSeconds)} s of ${String(amounts.rate)} requests per second`);
      const ending = new AbortController();
      const analyses = analyse(target, ending.signal);
      const { latency } = await load.run({ ...task, perSecond: amounts.rate, seconds: amounts.pauseSeconds });
      ending.abort();
      const analysed = await analyses;
      const mine = await readPauses(ours.process, files.ours);
      const idle = await readPauses(control, files.control);
      return {
        rows: [
          {
            id: 'pauses/longest',
            what: `longest pause in ${String(amounts.pauseSeconds)} s`,
            measured: mine.longest,
            unit: 'ms',
            target: atMost(20),
            detail:
              `99.9 % below ${shortest(mine.p999)} ms, longest collection ${shortest(mine.longestCollection)} ms, ` +
              `${String(analysed)} configs of ${String(POLICIES)} policies; an idle process on the same core: ` +
              `${shortest(idle.longest)} ms; slowest answer ${shortest(latency.max)} ms`,
          },
        ],
        figures: { ours: mine, idle, latency, analysed },
      };
    } finally {
      await Promise.all([ours.process.stop(), control.stop()]);
      await standIn.stop();
    }
  },
};

/** Since it was read the last time. */
async function readPauses(program: ProgramProcess, file: string): Promise<Pauses> {
  rmSync(file, { force: true });
  program.child.kill('SIGUSR2');
  await waitFor('it does not tell its pauses', program, () => (existsSync(file) ? true : undefined));
  return JSON.parse(readFileSync(file, 'utf8')) as Pauses; // written by probe.ts
}

/** Configs that were not seen before, at a steady rate. Returns how many were answered. */
async function analyse(target: Target, signal: AbortSignal): Promise<number> {
  let answered = 0;
  for (let number = 0; !signal.aborted; number += 1) {
    const [status] = await Promise.all([
      post(target, configReview(number, POLICIES)),
      sleep(EVERY_MS, undefined, { signal }).catch(() => undefined),
    ]);
    answered += status === 200 ? 1 : 0;
  }
  return answered;
}

export function post({ port, path, ca }: Target, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const options = { host: '127.0.0.1', port, path, ca, servername: 'localhost', method: 'POST', headers };
    const call = request(options, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
