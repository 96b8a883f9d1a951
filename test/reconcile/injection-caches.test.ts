/** What the loop remembers of pods and ConfigMaps, and whom a change of one wakes. */
import type { KubernetesObject } from '../../src/api/objects.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { createInjectionCaches, followInjection } from '../../src/reconcile/injection-caches.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createTestLog } from '../support/log.ts';
import { operatorConfig, pod } from '../support/pods.ts';
import { until } from '../support/until.ts';

const OWN = { 'authz.toolhive.stacklok.dev/component': 'authz-ref' };
const OWNER = { apiVersion: 'toolhive.stacklok.dev/v1beta1', kind: 'VirtualMCPServer', name: 'v', uid: 'u' };

function own(data: Record<string, string>, ownerReferences: readonly object[] = [OWNER]): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'v-authz-ref', labels: OWN, ownerReferences }, data };
}

function placed(object: KubernetesObject, resourceVersion: string, uid = 'uid'): KubernetesObject {
  return {
    ...object,
    metadata: { ...object.metadata, namespace: 'ns', name: object.metadata.name ?? 'p', uid, resourceVersion },
  };
}

/** Lists what it is given, again and again; watches end at once. */
async function observed(lists: readonly (readonly KubernetesObject[])[]): Promise<{
  readonly caches: ReturnType<typeof createInjectionCaches>;
  readonly woken: readonly string[];
  readonly selectors: ReadonlySet<string>;
}> {
  const clock = createFakeClock();
  const woken: string[] = [];
  const selectors = new Set<string>();
  let round = 0;
  let watches = 0;
  const client: KubeClient = {
    request: ({ path, query = {} }) => {
      selectors.add(`${path} ${query['labelSelector'] ?? ''}`);
      const kind = path.endsWith('pods') ? 'Pod' : 'ConfigMap';
      const items = (lists[round] ?? []).filter(
        (object) => object.kind === kind && selects(query['labelSelector'] ?? '', object),
      );
      return Promise.resolve({ kind: `${kind}List`, apiVersion: 'v1', metadata: { resourceVersion: '1' }, items });
    },
    stream: () => {
      watches += 1;
      return Promise.reject(new ApiError('API_GONE', 410, 'gone'));
    },
    close: () => undefined,
  };
  const caches = createInjectionCaches({
    ...{ client, clock, logger: createTestLog().logger },
    metrics: { watchEnded: () => undefined, listed: () => undefined, watching: () => undefined },
  });
  const stop = new AbortController();
  const running = caches.run(stop.signal);
  /** All three have listed, and wait to do so again. */
  const settled = (): Promise<void> => until('three lists', () => watches === 3 && clock.pending() === 3);
  await settled();
  followInjection(caches, (key) => woken.push(key));
  for (round = 1; round < lists.length; round += 1) {
    watches = 0;
    clock.advance(60_000);
    await settled();
  }
  stop.abort();
  await running;
  return { caches, woken, selectors };
}

function selects(selector: string, { metadata: { labels = {} } }: KubernetesObject): boolean {
  return selector.includes('component in')
    ? 'toolhive.stacklok.io/component' in labels
    : !selector.endsWith('/component') || selector in labels;
}

it('asks for what injection is about and for nothing else', async () => {
  const { selectors } = await observed([[]]);
  expect([...selectors].sort()).toEqual([
    '/api/v1/configmaps authz.toolhive.stacklok.dev/component',
    '/api/v1/configmaps toolhive.stacklok.io/component in (run-config,vmcp-config)',
    '/api/v1/pods toolhive in (true),app.kubernetes.io/name in (mcpserver,mcpremoteproxy,virtualmcpserver)',
  ]);
});

it('remembers little of a pod', async () => {
  const plain = placed(pod('MCPServer', 'w'), '1');
  const { caches } = await observed([[plain]]);
  expect(caches.pods.get('ns', 'p')).toEqual({
    ...{ name: 'p', uid: 'uid', workload: { kind: 'MCPServer', name: 'w' }, hash: undefined },
    ...{ copied: false, projected: false, ready: false, terminating: false, finished: false, controlled: false },
  });
});

it('wakes the workload of a pod that changes, and only where that matters', async () => {
  const plain = pod('MCPRemoteProxy', 'w');
  const busy = { ...plain, status: { phase: 'Running', startTime: 'now' } };
  const ready = { ...plain, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
  const { woken } = await observed([[placed(plain, '1')], [placed(busy, '2')], [placed(ready, '3')], []]);
  expect(woken).toEqual(['workload/MCPRemoteProxy/ns/w', 'workload/MCPRemoteProxy/ns/w']);
});

it('wakes the workload of a ConfigMap whose content changes, theirs or ours', async () => {
  const operator = operatorConfig('MCPServer', 'w');
  const renamed = { ...operator, metadata: { ...operator.metadata, annotations: { a: 'b' } } };
  const changed = operatorConfig('MCPServer', 'w', 'other');
  const { woken } = await observed([
    [placed(operator, '1'), placed(own({ a: '1' }), '1')],
    [placed(renamed, '2'), placed(own({ a: '1' }), '2')],
    [placed(changed, '3'), placed(own({ a: '2' }), '3')],
    [placed(changed, '3')],
  ]);
  expect([...woken].sort()).toEqual([
    // When ours goes its name is free again, for a workload of any kind.
    'workload/MCPRemoteProxy/ns/v',
    'workload/MCPServer/ns/v',
    'workload/MCPServer/ns/w',
    'workload/VirtualMCPServer/ns/v',
    'workload/VirtualMCPServer/ns/v',
  ]);
});

it('wakes nobody for a ConfigMap that belongs to none', async () => {
  const { caches, woken } = await observed([[placed(own({ a: '1' }, []), '1')], [placed(own({ a: '2' }, []), '2')]]);
  expect([caches.maps.get('ns', 'v-authz-ref')?.owner, woken]).toEqual([undefined, []]);
});
