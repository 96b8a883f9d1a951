/** Replicas come and go under 50 admission requests a second: nobody notices, but for whoever is cut off by SIGKILL. */
import type { ServerProcess } from '../../src/cli/playground/environment.ts';
import { metric } from './api.ts';
import { eventually } from './cluster.ts';
import { openReplicaCluster, startLoad, type Load, type ReplicaCluster } from './replicas.ts';

let cluster: ReplicaCluster;
let load: Load;
let first: ServerProcess;

beforeAll(async () => {
  cluster = await openReplicaCluster();
  await cluster.register();
  first = await cluster.join();
});
afterAll(async () => {
  await cluster.stop();
});
beforeEach(() => {
  load = startLoad(cluster.client);
});
afterEach(async () => {
  await load.stop();
});

/** As in a Pod: taken out of the Service first (the preStop hook waits for that), then SIGTERM. */
async function leave(replica: ServerProcess): Promise<void> {
  cluster.balancer.remove(replica.port);
  await replica.stop();
}

async function more(calls: number): Promise<void> {
  const goal = load.answered() + calls;
  await eventually(`${String(calls)} more calls are answered`, () => Promise.resolve(load.answered() >= goal));
}

function answeredBy({ healthPort }: ServerProcess): Promise<number> {
  return metric(healthPort, 'mcp_authz_admission_requests_total');
}

it('a rolling restart of two replicas, twice', async () => {
  let replicas = [first, await cluster.join()];
  await more(100);
  for (let round = 0; round < 2; round += 1) {
    const fresh: ServerProcess[] = [];
    for (const replica of replicas) {
      fresh.push(await cluster.join());
      await leave(replica);
      await more(50);
    }
    replicas = fresh;
  }
  const [kept, gone] = replicas as [ServerProcess, ServerProcess];
  await leave(gone);
  first = kept;
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(load.answered()).toBeGreaterThan(400);
}, 240_000);

it('scale from 1 to 3 and back to 1; those that came take their share', async () => {
  // Connections end after 50 requests here, so that what takes minutes in a cluster takes a second.
  const frugal = ['--max-connection-requests', '50'];
  const base = await cluster.join(frugal);
  await leave(first);
  await more(50);
  const added = [await cluster.join(frugal), await cluster.join(frugal)];
  const shares = (): Promise<number[]> => Promise.all(added.map(answeredBy));
  await eventually('both are asked', async () => (await shares()).every((share) => share > 20));
  for (const replica of added) {
    await leave(replica);
    await more(50);
  }
  first = base;
  await load.stop();
  expect(load.failures).toEqual([]);
}, 240_000);

it('SIGTERM before the Service has noticed: what still comes is answered', async () => {
  const replica = await cluster.join();
  await more(100);
  const stopped = replica.stop();
  await more(10);
  cluster.balancer.remove(replica.port);
  await stopped;
  await more(50);
  await load.stop();
  expect(load.failures).toEqual([]);
}, 120_000);

it('SIGKILL: only calls in flight on its connections fail', async () => {
  const replica = await cluster.join(['--max-connection-requests', '50']);
  await eventually('it is asked', async () => (await answeredBy(replica)) > 20);
  await eventually('it has a connection', () => Promise.resolve(cluster.balancer.connections(replica.port) > 0));
  const connections = cluster.balancer.connections(replica.port);
  cluster.balancer.remove(replica.port);
  replica.process.kill('SIGKILL');
  await more(200);
  await load.stop();
  expect(load.failures.length).toBeLessThanOrEqual(connections);
  for (const failure of load.failures) {
    expect(failure).toMatch(/failed calling webhook.*(EOF|connection reset by peer)/);
  }
}, 120_000);
