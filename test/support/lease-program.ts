/**
 * A replica for the tests of leader election: while it leads it writes its name and a number into a ConfigMap, with both
 * hands, as fast as it can. Arguments: kubeconfig, namespace, identity.
 */
import { randomUUID } from 'node:crypto';
import { createKubeClient, loadKubeConfig } from '../../src/kube/client.ts';
import { pause, systemClock } from '../../src/kube/clock.ts';
import { createLeadership } from '../../src/kube/lease.ts';
import { createWriter } from '../../src/kube/write.ts';
import { createTestLog } from './log.ts';

const [kubeconfig = '', namespace = '', identity = ''] = process.argv.slice(2);
const client = createKubeClient(loadKubeConfig({ kubeconfig }));
const leadership = createLeadership({
  ...{ client, namespace, name: 'loop', identity: `${identity}-${randomUUID()}`, clock: systemClock },
  logger: createTestLog().logger,
});
const writer = createWriter(client, leadership.isLeader.bind(leadership));
const controller = new AbortController();
process.once('SIGTERM', () => {
  controller.abort();
});

/** Without a rest: whenever the process is frozen, a write is under way whose answer would lead to the next one. */
async function writeOn(hand: string, signal: AbortSignal): Promise<void> {
  for (let count = 1; !signal.aborted; count += 1) {
    const patch = { data: { last: `${identity} ${hand} ${String(count)}` } };
    await writer
      .mergePatch(`/api/v1/namespaces/${namespace}/configmaps/writes`, patch, signal)
      .catch(() => pause(systemClock, 20, signal)); // refused, fenced or interrupted: again while it leads
  }
}

await leadership.run(controller.signal, async (signal) => {
  const term = randomUUID();
  await Promise.all([writeOn(`${term}-left`, signal), writeOn(`${term}-right`, signal)]);
});
client.close();
