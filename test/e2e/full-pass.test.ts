/**
 * Looking at everything again writes nothing, and reads by the page: a second loop, started beside the first, passes over a
 * thousand objects.
 */
import { readFileSync } from 'node:fs';
import { must } from '../../src/cli/playground/environment.ts';
import { metricSum } from '../support/metrics.ts';
import { adminApi, inParallel, metric, type Api } from './api.ts';
import { eventually, kubectl, makeNamespace, sharedCluster } from './cluster.ts';
import { config, KINDS, REFERENCE, workload } from './objects.ts';
import { allowLease, startLoop } from './second-loop.ts';

const OBJECTS = 1000;
/** Elects its own leader, so that it need not wait for the one of the shared server to end. */
const LEASE = 'full-pass';

let api: Api;
beforeAll(() => {
  api = adminApi();
});
afterAll(() => {
  api.close();
});

async function versions(namespace: string): Promise<readonly string[]> {
  const resources = ['mcpauthzconfigs', ...KINDS.map(({ resource }) => resource)];
  const lists = await Promise.all(resources.map((resource) => api.list(namespace, resource)));
  return lists.flat().map(({ metadata }) => `${metadata.uid ?? ''}@${metadata.resourceVersion ?? ''}`);
}

async function goingNamespaces(): Promise<number> {
  const namespaces = await must(kubectl, ['get', 'namespaces', '-o', 'jsonpath={.items[*].status.phase}']);
  return namespaces.split(' ').filter((phase) => phase === 'Terminating').length;
}

/** Workloads that the API server was asked for one by one, by anybody. */
async function singleReads(): Promise<number> {
  const resource = new RegExp(`^(?:${KINDS.map((kind) => kind.resource).join('|')})$`);
  const metrics = await must(kubectl, ['get', '--raw', '/metrics']);
  return metricSum(metrics, 'apiserver_request_total', { verb: 'GET', resource });
}

it(`a second full pass over ${String(OBJECTS)} objects makes no write, and no read of each`, async () => {
  const { healthPort } = sharedCluster();
  const namespace = await makeNamespace();
  await api.create(namespace, 'mcpauthzconfigs', config('shared'));
  const names = Array.from({ length: OBJECTS - 1 }, (_, i) => `w${String(i)}`);
  await inParallel(names, 16, async (name) => {
    const { kind, resource } = KINDS[Number(name.slice(1)) % KINDS.length] ?? KINDS[0];
    await api.create(namespace, resource, workload(kind, name, REFERENCE));
  });
  let last = -1;
  await eventually('the first loop has settled', async () => {
    const writes = await metric(healthPort, 'mcp_authz_loop_writes_total', { what: 'status' });
    const settled = writes === last && writes >= OBJECTS && (await metric(healthPort, 'mcp_authz_queue_depth')) === 0;
    last = writes;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return settled;
  });
  // Namespaces of tests before this one go in their own time, and both loops have to let go of what is in them.
  await eventually('nothing else is being deleted', async () => (await goingNamespaces()) === 0);
  const before = await versions(namespace);
  expect(before).toHaveLength(OBJECTS);

  const readsBefore = await singleReads();
  expect(readsBefore).toBeGreaterThan(0);
  await allowLease(LEASE);
  const second = await startLoop(LEASE, ['--webhooks', 'off']);
  try {
    const port = second.healthPort;
    await eventually('the second loop passed over all', async () => {
      const passes = await metric(port, 'mcp_authz_reconcile_total', { outcome: 'done' });
      return passes >= OBJECTS && (await metric(port, 'mcp_authz_queue_depth')) === 0;
    });
    expect(await metric(port, 'mcp_authz_reconcile_total', { outcome: 'failed' })).toBe(0);
    expect(await metric(port, 'mcp_authz_loop_writes_total')).toBe(0);
    expect(await metric(port, 'mcp_authz_leading')).toBe(1);
    expect(await versions(namespace)).toEqual(before);
    expect((await singleReads()) - readsBefore).toBeLessThan(OBJECTS / 10);
  } finally {
    await second.stop();
  }
  expect(readFileSync(second.logFile, 'utf8')).not.toContain('"level":"error"');
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
});
