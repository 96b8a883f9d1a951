/** A pass over a workload: what it wrote is named where the answers show nothing more to do, so that it is not looked at again. */
import type { KubernetesObject } from '../../src/api/objects.ts';
import { authorizerSpecOf, WORKLOADS } from '../../src/api/toolhive.ts';
import { analyze, createCedar } from '../../src/authorizers/index.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { Writer } from '../../src/kube/write.ts';
import type { PassOutcome } from '../../src/reconcile/config-reconciler.ts';
import { createReferrerIndex } from '../../src/reconcile/referrer-index.ts';
import { createStatusWriter } from '../../src/reconcile/status-writer.ts';
import { createWorkloadReconciler } from '../../src/reconcile/workload-reconciler.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { config, server } from '../support/objects.ts';

const CONFIG = config();
const analysis = analyze(authorizerSpecOf(CONFIG), createCedar());
const MAP: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'w-authz-ref', resourceVersion: '70' },
};

type Answering = (stored: KubernetesObject) => KubernetesObject;

/** One workload, stored as an API server would; `answering` is what others on the way make of it. */
function setUp(answering: Answering = (stored) => stored): {
  readonly pass: () => Promise<PassOutcome>;
  readonly writes: string[];
} {
  let stored = server({ authzConfigRef: { name: 'a' } }, { uid: 'u', resourceVersion: '1' });
  const writes: string[] = [];
  const store = (what: string, metadata: object, status: unknown): Promise<KubernetesObject> => {
    writes.push(what);
    const resourceVersion = String(Number(stored.metadata.resourceVersion) + 1);
    stored = answering({
      ...stored,
      metadata: { ...stored.metadata, ...metadata, resourceVersion },
      status,
    });
    return Promise.resolve(stored);
  };
  const never = (): never => {
    throw new Error('not asked');
  };
  const writer: Writer = {
    ...{ applyObject: never, create: never, replace: never, remove: never },
    mergePatch: (_path, patch) => {
      const { annotations } = (patch as KubernetesObject).metadata;
      return store('annotations', { annotations }, stored['status']);
    },
    applyStatus: (_path, body) => store('status', {}, (body as KubernetesObject)['status']),
  };
  const clock = createFakeClock();
  const [type = never()] = WORKLOADS;
  const reconcile = createWorkloadReconciler(type, {
    getLive: () => Promise.resolve({ path: '/w', object: stored }),
    resolver: {
      resolve: (queries) => {
        const answers = createWorldAnswers();
        for (const query of queries.filter(({ ask }) => ask === 'authzConfig')) {
          answers.record(query, { state: 'present', value: { object: CONFIG, analysis } });
        }
        return Promise.resolve(answers);
      },
    },
    ...{ analyze: never, index: createReferrerIndex(), writer, status: createStatusWriter({ writer, clock }) },
    ...{ events: { record: never, flush: never }, clock, now: () => new Date(0), graceMs: 0, deletions: new Map() },
    injector: {
      pass: () => Promise.resolve({ verdict: undefined, notes: [], againMs: 0, wrote: [MAP], failure: undefined }),
      ...{ forget: never, reset: never, pods: never },
    },
  });
  return { pass: () => reconcile('ns', 'w', new AbortController().signal), writes };
}

const versions = ({ wrote }: PassOutcome): readonly unknown[] =>
  wrote.map(({ kind, metadata }) => [kind, metadata.resourceVersion]);

it('names every version that it left behind; the next pass writes nothing and names none of the workload', async () => {
  const { pass, writes } = setUp();
  expect(versions(await pass())).toEqual([
    ['MCPServer', '2'],
    ['MCPServer', '3'],
    ['ConfigMap', '70'],
  ]);
  expect(writes).toEqual(['annotations', 'status']);
  expect(versions(await pass())).toEqual([['ConfigMap', '70']]);
  expect(writes).toHaveLength(2);
});

it.each<[string, Answering]>([
  [
    'annotations are taken off on the way',
    (stored) => ({ ...stored, metadata: { ...stored.metadata, annotations: {} } }),
  ],
  ['the status comes out as another', (stored) => ({ ...stored, status: { conditions: [] } })],
])('where %s the workload is to be looked at again', async (_title, answering) => {
  expect(versions(await setUp(answering).pass())).toEqual([['ConfigMap', '70']]);
});
