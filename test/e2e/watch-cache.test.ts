/** The watch cache against a real API server and a network that misbehaves: nothing missed, nothing leaked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from '../../src/cli/playground/control-plane.ts';
import { must } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { createKubeClient, loadKubeConfig, type KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { listAll } from '../../src/kube/list.ts';
import { createWatchCache, type CacheChange, type WatchCache, type WatchTimeouts } from '../../src/kube/watch-cache.ts';
import { createWriter, type Writer } from '../../src/kube/write.ts';
import { createTestLog } from '../support/log.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { openControlPlane } from './control-plane.ts';
import { workload } from './objects.ts';

const ALL = '/apis/toolhive.stacklok.dev/v1beta1/mcpservers';
const HERE = '/apis/toolhive.stacklok.dev/v1beta1/namespaces/default/mcpservers';
const { signal: always } = new AbortController();

interface Identity {
  readonly uid: string;
  readonly resourceVersion: string;
}

interface Running {
  readonly cache: WatchCache<Identity>;
  readonly changes: readonly CacheChange<Identity>[];
  /** Why watches ended, in order. */
  readonly ended: readonly string[];
  readonly lists: () => number;
  readonly stop: () => Promise<void>;
}

let cluster: ControlPlane;
let proxy: TcpProxy;
/** Past the proxy: what happens while the cache cannot see. */
let direct: KubeClient;
let writer: Writer;
const running: Running[] = [];

beforeAll(async () => {
  cluster = await openControlPlane();
  const crds = process.env['MCP_AUTHZ_CRDS'] ?? join(projectRoot(), 'test/crds');
  await must(cluster.kubectl, ['apply', '--server-side', '-f', crds]);
  await must(cluster.kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  direct = createKubeClient(loadKubeConfig({ kubeconfig: cluster.kubeconfigPath }));
  writer = createWriter(direct);
  const { server } = loadKubeConfig({ kubeconfig: cluster.kubeconfigPath }).getCurrentCluster() ?? { server: '' };
  proxy = await startTcpProxy(Number(new URL(server).port));
});
afterEach(async () => {
  proxy.cut(false);
  await Promise.all(running.splice(0).map((each) => each.stop()));
});
afterAll(async () => {
  direct.close();
  await proxy.close();
  await cluster.stop();
});

/** A cache that sees the API server through the proxy. */
function start(timeouts: Partial<WatchTimeouts>): Running {
  const config = loadKubeConfig({ kubeconfig: cluster.kubeconfigPath });
  const throughProxy = JSON.parse(readFileSync(cluster.kubeconfigPath, 'utf8')) as {
    clusters: { cluster: { server: string } }[];
  };
  for (const each of throughProxy.clusters) {
    each.cluster.server = `https://127.0.0.1:${String(proxy.port)}`;
  }
  config.loadFromString(JSON.stringify(throughProxy));
  const client = createKubeClient(config);
  const changes: CacheChange<Identity>[] = [];
  const ended: string[] = [];
  let lists = 0;
  const cache = createWatchCache<Identity>({
    client,
    path: () => ALL,
    project: ({ metadata: { uid = '', resourceVersion = '' } }) => ({ uid, resourceVersion }),
    clock: systemClock,
    logger: createTestLog().logger,
    metrics: {
      watchEnded: (_resource, reason) => ended.push(reason),
      listed: () => {
        lists += 1;
      },
      watching: () => undefined,
    },
    timeouts: { backoff: { firstMs: 100, ceilingMs: 1000 }, ...timeouts },
  });
  cache.onChange((change) => changes.push(change));
  const controller = new AbortController();
  const end = cache.run(controller.signal);
  const started: Running = {
    ...{ cache, changes, ended },
    lists: () => lists,
    stop: async () => {
      controller.abort();
      await end;
      client.close();
    },
  };
  running.push(started);
  return started;
}

async function synced(run: Running): Promise<void> {
  await until('the first list is read', () => run.cache.synced(), 30_000);
  await until('it is watching', () => proxy.connections() > 0);
}

/** True once the cache says of every object what the API server says, no more and no less. */
async function sameAsList(run: Running): Promise<void> {
  const stored: string[] = [];
  for await (const page of listAll(direct, { path: ALL, signal: always })) {
    stored.push(
      ...page.map(
        ({ metadata }) => `${String(metadata.name)} ${String(metadata.uid)} ${String(metadata.resourceVersion)}`,
      ),
    );
  }
  const cached = (): string =>
    run.cache
      .list()
      .map(({ name, value }) => `${name} ${value.uid} ${value.resourceVersion}`)
      .sort()
      .join('\n');
  await until('the cache says what the API server says', () => cached() === stored.sort().join('\n'), 30_000).catch(
    () => {
      expect(cached()).toBe(stored.sort().join('\n'));
    },
  );
}

const create = (name: string): Promise<unknown> => writer.create(HERE, workload('MCPServer', name, {}), always);
const touch = (name: string): Promise<unknown> =>
  writer.mergePatch(`${HERE}/${name}`, { metadata: { labels: { touched: String(performance.now()) } } }, always);
const remove = (name: string): Promise<unknown> => writer.remove(`${HERE}/${name}`, {}, always);

/** Creates ten objects, changes some, deletes some, and makes one of those anew. */
async function churn(prefix: string): Promise<void> {
  for (let i = 0; i < 10; i += 1) {
    await create(`${prefix}-${String(i)}`);
  }
  for (let i = 0; i < 10; i += 3) {
    await touch(`${prefix}-${String(i)}`);
    await remove(`${prefix}-${String((i + 1) % 10)}`);
  }
  await create(`${prefix}-1`);
}

it('lives through an API server that is killed and started anew, and is not to be relied on meanwhile', async () => {
  await churn('before');
  const run = start({ staleMs: 1500 });
  await synced(run);
  await sameAsList(run);
  expect(run.cache.fault()).toBeUndefined();
  const writing = churn('during').catch(() => undefined); // it is cut off in the middle, somewhere
  cluster.apiServer().kill('SIGKILL');
  const killedAt = performance.now();
  await writing;
  await until('it says that it is stale', () => run.cache.fault() !== undefined, 20_000);
  expect(run.cache.fault()).toMatch(/^mcpservers: nothing heard from the API server for \d+ s: /);
  const down = (performance.now() - killedAt) / 1000;
  expect(run.cache.lagSeconds()).toBeGreaterThan(1.5);
  expect(Math.abs(run.cache.lagSeconds() - down)).toBeLessThan(2);
  expect(run.cache.synced()).toBe(true);
  await cluster.restartApiServer();
  await until('it is fine again', () => run.cache.fault() === undefined, 30_000);
  await churn('after');
  await sameAsList(run);
});

it('410 Gone: lists anew; what was deleted meanwhile is told as removed, what was made anew as removed and added', async () => {
  for (const name of ['gone-kept', 'gone-deleted', 'gone-recreated']) {
    await create(name);
  }
  const run = start({});
  await synced(run);
  await sameAsList(run);
  const lists = run.lists();
  proxy.cut(true);
  await until('it is interrupted', () => run.ended.length > 0);
  await remove('gone-deleted');
  await remove('gone-recreated');
  await create('gone-recreated');
  await create('gone-added');
  // An API server that was started anew remembers no events from before, and then etcd forgets them too.
  const { header } = (await etcd('range', { key: Buffer.from('x').toString('base64') })) as {
    header: { revision: string };
  };
  await etcd('compaction', { revision: header.revision, physical: true });
  await cluster.restartApiServer();
  const seen = run.changes.length;
  proxy.cut(false);
  await sameAsList(run);
  expect(run.ended).toContain('expired');
  expect(run.lists()).toBe(lists + 1);
  const told = run.changes
    .slice(seen)
    .map(({ name, before, after }) => [
      name,
      before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    ]);
  expect(told).toEqual(
    expect.arrayContaining([
      ['gone-deleted', 'removed'],
      ['gone-recreated', 'removed'],
      ['gone-recreated', 'added'],
      ['gone-added', 'added'],
    ]),
  );
  expect(told).toHaveLength(4);
});

it('a connection that goes silent without being closed is noticed and replaced, and nothing is missed', async () => {
  const run = start({ silenceMs: 3000, answerMs: 2000, staleMs: 60_000 });
  await synced(run);
  await sameAsList(run);
  // Not before the watch has its answer, or it is that which never comes.
  await churn('heard');
  await sameAsList(run);
  proxy.silence();
  const silentAt = performance.now();
  await churn('silent');
  expect(run.cache.get('default', 'silent-0')).toBeUndefined(); // it really cannot see
  await sameAsList(run);
  expect(run.ended).toContain('silent');
  expect((performance.now() - silentAt) / 1000).toBeLessThan(15);
  expect(run.lists()).toBe(1); // it went on from where it was
  expect(run.cache.lagSeconds()).toBeLessThan(5);
});

it('in a quiet cluster it outlives its own watches without listing anew, and then still sees', async () => {
  const run = start({ watchSeconds: () => 2, staleMs: 6000 });
  await synced(run);
  await sameAsList(run);
  await until('five watches have ended', () => run.ended.length >= 5 || run.cache.fault() !== undefined, 60_000);
  expect([run.cache.fault(), run.lists(), [...new Set(run.ended)]]).toEqual([undefined, 1, ['ended']]);
  expect(run.cache.lagSeconds()).toBeLessThan(4);
  await churn('quiet');
  await sameAsList(run);
});

it('where not even a bookmark comes it breaks off once, and from then on has its watches end before that', async () => {
  const run = start({ silenceMs: 3000, staleMs: 5000 });
  await synced(run);
  await until('five watches have ended', () => run.ended.length >= 5 || run.cache.fault() !== undefined, 60_000);
  expect([run.cache.fault(), run.lists()]).toEqual([undefined, 1]);
  expect(run.ended.slice(0, 5)).toEqual(['silent', 'ended', 'ended', 'ended', 'ended']);
  await churn('still');
  await sameAsList(run);
});

it('a bookmark comes from the real API server, where anything happened, and is heard', async () => {
  await create('noticed');
  const run = start({ watchSeconds: () => 8 });
  await synced(run);
  await touch('noticed');
  await sameAsList(run);
  // The API server sends one shortly before the watch's own end.
  await until('nothing is heard for a while', () => run.cache.lagSeconds() > 1.5, 10_000);
  await until('and then a bookmark', () => run.cache.lagSeconds() < 0.5, 10_000);
  expect(run.ended).toEqual([]);
});

it('a hundred interruptions leave no connection and no timer behind', async () => {
  const before = resources();
  const run = start({ backoff: { firstMs: 1, ceilingMs: 5 } });
  await synced(run);
  for (let i = 0; i < 100; i += 1) {
    const ended = run.ended.length;
    await until('it is connected', () => proxy.connections() > 0, 10_000);
    proxy.cut(true);
    proxy.cut(false);
    await until('it is interrupted', () => run.ended.length > ended, 10_000);
  }
  await churn('leak');
  await sameAsList(run);
  expect(proxy.connections()).toBeLessThanOrEqual(2);
  running.splice(running.indexOf(run), 1);
  await run.stop();
  await until('every connection is closed', () => proxy.connections() === 0);
  await until('the process holds no more than before', () => resources() <= before, 40_000);
});

/** Sockets and timers that keep the process busy. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((each) => /TCP|TLS|Timeout/.test(each)).length;
}

async function etcd(call: string, body: object): Promise<unknown> {
  const response = await fetch(`${cluster.etcdUrl}/v3/kv/${call}`, { method: 'POST', body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return response.json();
}
