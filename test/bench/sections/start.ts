/** From the start of the process until it is ready, where the cluster has no objects. */
import { median } from '../load/percentiles.ts';
import { startOurs, untilReady } from '../programs.ts';
import { atMost } from '../report/row.ts';
import type { Section } from '../section.ts';
import { startStandIn } from '../stand-in/start.ts';

export const start: Section = {
  name: 'start',
  title: 'process start until ready, in a cluster without objects',
  run: async ({ folder, certificates, amounts, say }) => {
    const standIn = await startStandIn(folder, certificates, {
      ...{ name: 'stand-in', leaseTaken: false },
      ...{ workloads: 0, configs: 0 },
    });
    const milliseconds: number[] = [];
    try {
      for (let number = 1; number <= amounts.starts; number += 1) {
        say(`start ${String(number)} of ${String(amounts.starts)}`);
        const startedAt = performance.now();
        const ours = await startOurs({ folder, certificates, kubeconfig: standIn.kubeconfig, say });
        await untilReady(ours);
        milliseconds.push(performance.now() - startedAt);
        await ours.process.stop();
      }
    } finally {
      await standIn.stop();
    }
    return {
      rows: [
        {
          id: 'start/ready',
          what: 'process start until ready, no objects',
          measured: median(milliseconds),
          unit: 'ms',
          target: atMost(700),
          detail: `${String(amounts.starts)} starts, ${milliseconds.map((each) => each.toFixed(0)).join(', ')} ms`,
        },
      ],
      figures: { milliseconds },
    };
  },
};
