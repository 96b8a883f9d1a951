/** What 10,000 cached workloads cost: the goal is at most 1 KiB of resident memory for each (about 420 bytes measured). */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { authorizationOf } from '../../src/api/toolhive.ts';
import { isKubernetesObject, type KubernetesObject } from '../../src/api/objects.ts';
import { createWatchStore } from '../../src/kube/watch-store.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const COUNT = 10_000;

/** As it comes from the API server: a text, parsed. */
function workload(index: number): KubernetesObject {
  const id = String(index).padStart(12, '0');
  const object: unknown = JSON.parse(
    JSON.stringify({
      apiVersion: 'toolhive.stacklok.dev/v1beta1',
      kind: 'MCPServer',
      metadata: {
        namespace: `team-${String(index % 100)}`,
        name: `some-workload-with-a-name-${id}`,
        uid: `6f9619ff-8b86-d011-b42d-${id}`,
        resourceVersion: String(4_000_000_000 + index),
        annotations: { padding: 'x'.repeat(2000) },
      },
      spec: { image: 'example.com/server:1', authzConfigRef: { name: `a-shared-config-${String(index % 50)}` } },
      status: { authzConfigHash: `${id}${'0123456789abcdef'.repeat(4)}`.slice(0, 64) },
    }),
  );
  if (!isKubernetesObject(object)) {
    throw new Error('no object');
  }
  return object;
}

function heapUsed(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

it('10,000 workloads cost less than 1 KiB each, and nothing once they are gone', () => {
  const store = createWatchStore({
    project: (object) => ({
      reference: authorizationOf(object).reference,
      hash: (object['status'] as { authzConfigHash: string }).authzConfigHash,
    }),
    onBug: (error) => {
      throw error;
    },
  });
  const before = heapUsed();
  for (let i = 0; i < COUNT; i += 1) {
    store.put(workload(i));
  }
  const each = (heapUsed() - before) / COUNT;
  expect(store.size()).toBe(COUNT);
  expect(each).toBeLessThan(1024);
  expect(each).toBeGreaterThan(100); // it was really measured
  store.relist().complete();
  expect(store.list()).toEqual([]);
  expect(heapUsed() - before).toBeLessThan(0.1 * each * COUNT);
});
