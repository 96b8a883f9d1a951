/**
 * A replica for the tests of leader election: while it leads it writes its name and a number into a ConfigMap, as often
 * as it can. Arguments: kubeconfig, namespace, identity.
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

let count = 0;
await leadership.run(controller.signal, async (signal) => {
  while (!signal.aborted) {
    count += 1;
    const patch = { data: { last: `${identity} ${String(count)}` } };
    await writer.mergePatch(`/api/v1/namespaces/${namespace}/configmaps/writes`, patch, signal).catch(() => undefined); // refused, fenced or interrupted: it tries again while it leads
    await pause(systemClock, 20, signal);
  }
});
client.close();
