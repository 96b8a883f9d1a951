/** Ready and resident memory of a leader with 10,000 workloads and 1,000 configs, which it looks at one by one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { metricSum, scrape } from '../../support/metrics.ts';
import { startOurs, untilReady, type Program } from '../programs.ts';
import { waitFor } from '../processes.ts';
import { atMost } from '../report/row.ts';
import type { Section } from '../section.ts';
import { startStandIn } from '../stand-in/start.ts';
import { counts, mebibytes } from './growth.ts';

const MIB = 1024 * 1024;
/** Between two looks at whether the leader is through. */
const LOOK_MS = 500;

export const memory: Section = {
  name: 'memory',
  title: 'ready after, and resident memory of a leader with, 10,000 workloads and 1,000 configs',
  run: async ({ folder, certificates, amounts, say }) => {
    const standIn = await startStandIn(folder, certificates, {
      ...{ name: 'stand-in', leaseTaken: false },
      ...amounts.middle,
    });
    const startedAt = performance.now();
    const ours = await startOurs({ folder, certificates, kubeconfig: standIn.kubeconfig, say });
    try {
      await untilReady(ours);
      const ready = (performance.now() - startedAt) / 1000;
      const readyBytes = ours.process.residentBytes();
      say('the leader looks at every object');
      await untilIdle(ours);
      const through = (performance.now() - startedAt) / 1000;
      const resident = ours.process.residentBytes();
      const peak = ours.process.peakBytes();
      say('the leader rests');
      await sleep(amounts.pauseSeconds * 1000); // threads that nobody asks are ended meanwhile
      const atRest = ours.process.residentBytes();
      const objects = counts(amounts.middle);
      return {
        rows: [
          {
            id: 'memory/ready',
            what: `process start until ready with ${objects}`,
            measured: ready,
            unit: 's',
            target: atMost(3),
            detail: `a leader, which had looked at each of them after ${through.toFixed(0)} s`,
          },
          {
            id: 'memory/resident',
            what: `resident memory with ${objects}`,
            measured: atRest / MIB,
            unit: 'MiB',
            target: atMost(128),
            detail: `a leader, ${String(amounts.pauseSeconds)} s after its first pass; ${mebibytes(readyBytes)} when ready`,
          },
          {
            id: 'memory/peak',
            what: `the most that was resident while it looked at each of ${objects}`,
            measured: peak / MIB,
            unit: 'MiB',
            target: atMost(128),
            detail: `${mebibytes(resident)} at its end`,
          },
        ],
        figures: { readySeconds: ready, passSeconds: through, readyBytes, resident, peak, atRest },
      };
    } finally {
      await ours.process.stop();
      await standIn.stop();
    }
  },
};

/** Leads, and nothing waits any more, twice in a row. */
export async function untilIdle({ process, healthPort = 0 }: Program, withinMs = 180_000): Promise<void> {
  let quiet = 0;
  const look = async (): Promise<true | undefined> => {
    const text = await scrape(healthPort);
    const idle = metricSum(text, 'mcp_authz_leading') === 1 && metricSum(text, 'mcp_authz_queue_depth') === 0;
    quiet = idle && metricSum(text, 'mcp_authz_reconcile_total') > 0 ? quiet + 1 : 0;
    return quiet >= 2 ? true : undefined;
  };
  await waitFor('the loop does not come to rest', process, look, { withinMs, everyMs: LOOK_MS });
  await sleep(LOOK_MS);
}
