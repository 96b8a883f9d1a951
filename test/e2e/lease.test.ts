/** Two processes, one Lease, a real API server: who is killed is replaced, who was frozen writes nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { stringAt } from '../../src/api/json.ts';
import { createKubeClient, loadKubeConfig, type KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { createWatchCache } from '../../src/kube/watch-cache.ts';
import { createWriter } from '../../src/kube/write.ts';
import { createTestLog } from '../support/log.ts';
import { until } from '../support/until.ts';
import { kubectl, makeNamespace, sharedCluster } from './cluster.ts';

interface Write {
  readonly by: string;
  /** Which of its loops, in which of its terms. */
  readonly hand: string;
  readonly number: number;
}

const PROGRAM = join(import.meta.dirname, '../support/lease-program.ts');
const { signal: always } = new AbortController();

let client: KubeClient;
let namespace: string;
/** What reached the ConfigMap, in the order in which it was stored. */
let writes: Write[];
let stopWatching: () => Promise<void>;
const replicas: ChildProcess[] = [];

beforeEach(async () => {
  namespace = await makeNamespace();
  client = createKubeClient(loadKubeConfig({ kubeconfig: sharedCluster().kubeconfig }));
  await createWriter(client).create(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'writes' }, data: { last: '' } },
    always,
  );
  writes = [];
  const cache = createWatchCache({
    client,
    path: () => `/api/v1/namespaces/${namespace}/configmaps`,
    project: (object) => stringAt(object, 'data', 'last') ?? '',
    clock: systemClock,
    logger: createTestLog().logger,
  });
  cache.onChange(({ name, after = '' }) => {
    const [by = '', hand = '', number = ''] = after.split(' ');
    if (name === 'writes' && by !== '') {
      writes.push({ by, hand, number: Number(number) });
    }
  });
  const controller = new AbortController();
  const ended = cache.run(controller.signal);
  stopWatching = () => {
    controller.abort();
    return ended;
  };
});
afterEach(async () => {
  for (const replica of replicas.splice(0)) {
    replica.kill('SIGKILL');
  }
  await stopWatching();
  client.close();
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
});

function start(identity: string): ChildProcess {
  const { kubeconfig } = sharedCluster();
  const replica = spawn(process.execPath, [PROGRAM, kubeconfig, namespace, identity], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  replicas.push(replica);
  return replica;
}

const byOf = (some: readonly Write[]): readonly string[] => [...new Set(some.map(({ by }) => by))];
const wrote = (by: string, from = 0): boolean => writes.slice(from).some((write) => write.by === by);

/** No hand's numbers ever go back: what was stored later was also written later. */
function expectInOrder(): void {
  for (const hand of new Set(writes.map((write) => write.hand))) {
    const numbers = writes.filter((write) => write.hand === hand).map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
  }
}

it('a leader that is killed is replaced within 20 s', async () => {
  const one = start('one');
  await until('one leads', () => wrote('one'), 30_000);
  start('two');
  await until('one goes on while two looks on', () => writes.length > 1000, 60_000);
  expect(byOf(writes)).toEqual(['one']);
  one.kill('SIGKILL');
  const killedAt = performance.now();
  await until('two leads', () => wrote('two'), 30_000);
  expect((performance.now() - killedAt) / 1000).toBeLessThan(20);
  expectInOrder();
});

it('a leader that was frozen past its lease writes nothing before it has the lease again', async () => {
  const one = start('one');
  await until('one leads', () => wrote('one'), 30_000);
  const two = start('two');
  await until('one has written for a while', () => writes.length > 500, 60_000);
  one.kill('SIGSTOP');
  await until('two leads', () => wrote('two'), 30_000);
  const taken = writes.findIndex(({ by }) => by === 'two');
  one.kill('SIGCONT');
  const wokenAt = writes.length;
  await until('two goes on writing for a while', () => writes.length > wokenAt + 500, 30_000);
  expect(byOf(writes.slice(taken))).toEqual(['two']);
  two.kill('SIGTERM'); // gives the lease back
  const stoppedAt = writes.length;
  await until('one leads again', () => wrote('one', stoppedAt), 10_000);
  const again = writes.findIndex(({ by }, index) => index >= taken && by === 'one');
  await until('one has written for a while', () => writes.length > again + 200, 30_000);
  expect(byOf(writes.slice(again))).toEqual(['one']);
  expectInOrder();
});
