/**
 * A replica for the tests of leader election: while it leads it writes its name and a number into a ConfigMap, with both
 * hands, as fast as it can. Arguments: kubeconfig, namespace, identity.
 */
import { randomUUID } from 'node:crypto';
import { isKubernetesObject } from '../../src/api/objects.ts';
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

const PATH = `/api/v1/namespaces/${namespace}/configmaps/writes`;

/**
 * Without a rest: whenever the process is frozen, a write is under way whose answer would lead to the next one. As the
 * loop does, every write names the version that it is about: what was on its way out at the freeze, behind the fence, is
 * refused by the API server once somebody else has written.
 */
async function writeOn(hand: string, signal: AbortSignal): Promise<void> {
  let resourceVersion: string | undefined;
  for (let count = 1; !signal.aborted; count += 1) {
    try {
      const { metadata } = await read(resourceVersion, signal);
      const patch = { metadata: { resourceVersion: metadata.resourceVersion }, data: { last: textOf(hand, count) } };
      resourceVersion = (await writer.mergePatch(PATH, patch, signal)).metadata.resourceVersion;
    } catch {
      resourceVersion = undefined; // the other hand was faster
      await pause(systemClock, 5, signal); // refused, fenced or interrupted: again while it leads
    }
  }
}

async function read(
  resourceVersion: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly metadata: { readonly resourceVersion?: string } }> {
  if (resourceVersion !== undefined) {
    return { metadata: { resourceVersion } };
  }
  const object = await client.request({ method: 'GET', path: PATH, signal });
  if (!isKubernetesObject(object)) {
    throw new TypeError('the API server answered with something that is no object');
  }
  return object;
}

function textOf(hand: string, count: number): string {
  return `${identity} ${hand} ${String(count)}`;
}

await leadership.run(controller.signal, async (signal) => {
  const term = randomUUID();
  await Promise.all([writeOn(`${term}-left`, signal), writeOn(`${term}-right`, signal)]);
});
client.close();
