/** What the loop writes for the pods of a workload, and what it leaves alone. */
import { COMPONENT_LABEL } from '../../src/api/names.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { authorizerSpecOf, PROXIES } from '../../src/api/toolhive.ts';
import { analyze, createCedar } from '../../src/authorizers/index.ts';
import { desiredMaps } from '../../src/injection/config-maps.ts';
import { dataOf, planInjection, type PlanFacts } from '../../src/injection/plan.ts';
import { apiErrorFrom } from '../../src/kube/errors.ts';
import type { WatchCache } from '../../src/kube/watch-cache.ts';
import type { Writer } from '../../src/kube/write.ts';
import { mapDigest, type InjectionCaches, type MapEntry, type PodEntry } from '../../src/reconcile/injection-caches.ts';
import { createInjector, type Injected, type Injector } from '../../src/reconcile/injector.ts';
import type { Progress } from '../../src/reconcile/rollout-runner.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { config, server } from '../support/objects.ts';
import { operatorConfig } from '../support/pods.ts';

const signal = new AbortController().signal;
const CONFIG = config();
const analysis = analyze(authorizerSpecOf(CONFIG), createCedar());
const PRESENT: PlanFacts['config'] = { state: 'present', value: { object: CONFIG, analysis } };
const ABSENT: PlanFacts['config'] = { state: 'absent' };
const WORKLOAD = server({ authzConfigRef: { name: 'a' } }, { uid: 'u' });
const OPERATOR = operatorConfig('MCPServer', 'w');
const HASH = analysis.rendering?.hash ?? '';

function cacheOf<T>(entries: readonly (readonly [string, T])[]): WatchCache<T> {
  const map = new Map(entries);
  return {
    run: () => Promise.resolve(),
    synced: () => true,
    get: (_namespace, name) => map.get(name),
    entry: () => undefined,
    list: () => [...map].map(([name, value]) => ({ namespace: 'ns', name, value })),
    onChange: () => () => undefined,
    fault: () => undefined,
    lagSeconds: () => 0,
  };
}

function pod(hash: string | undefined): PodEntry {
  return {
    ...{ name: 'p', uid: 'p', workload: { kind: 'MCPServer', name: 'w' }, hash, copied: true, projected: true },
    ...{ ready: true, terminating: false, finished: false, controlled: true },
  };
}

interface Scene {
  readonly world?: readonly KubernetesObject[];
  readonly maps?: readonly (readonly [string, MapEntry])[];
  readonly pods?: readonly PodEntry[];
  readonly refusal?: Error;
  /** Whether the watch has seen what the operator wrote. */
  readonly operator?: boolean;
  /** Of the API server, to what was applied. */
  readonly answer?: (applied: object) => KubernetesObject;
}

/** A pass over the workload, and every write that it made. */
function setUp(scene: Scene): {
  readonly injector: Injector;
  readonly writes: string[];
  readonly steps: string[];
} {
  const { world = [OPERATOR], maps = [], pods = [pod(HASH)], refusal, answer = () => WORKLOAD } = scene;
  const writes: string[] = [];
  const steps: string[] = [];
  const seen = scene.operator === true ? [['w-runconfig', { uid: 'o', owner: undefined, digest: 'o' }] as const] : [];
  const caches: InjectionCaches = {
    ...{ pods: cacheOf(pods.map((each) => [each.name, each] as const)), operator: cacheOf(seen), maps: cacheOf(maps) },
    ...{ synced: () => true, fault: () => undefined, run: () => Promise.resolve() },
  };
  const did = (what: string, applied: object = {}): Promise<KubernetesObject> => {
    writes.push(what);
    return refusal === undefined ? Promise.resolve(answer(applied)) : Promise.reject(refusal);
  };
  const never = (): never => {
    throw new Error('not asked');
  };
  const writer: Writer = {
    ...{ applyStatus: never, mergePatch: never, create: never, replace: never },
    applyObject: (path, body, { force }) => did(`apply ${path}${force ? '' : ' unforced'}`, body),
    remove: async (path, { uid }) => {
      await did(`remove ${path} ${uid ?? ''}`);
    },
  };
  const idle: Progress = { phase: 'idle', againMs: 0 };
  const injector = createInjector({
    caches,
    resolver: { resolve: (queries) => Promise.resolve(clusterWorld(world)(queries)) },
    writer,
    rollout: {
      step: () => {
        steps.push('step');
        return Promise.resolve(idle);
      },
      release: () => steps.push('release'),
      reset: () => steps.push('reset'),
      pending: () => 0,
    },
  });
  return { injector, writes, steps };
}

const run = async (
  scene: Scene,
  found: PlanFacts['config'] = PRESENT,
  workload = WORKLOAD,
): Promise<Injected & { writes: string[]; steps: string[] }> => {
  const { injector, writes, steps } = setUp(scene);
  return { ...(await injector.pass(workload, found, signal)), writes, steps };
};

const [MCP_SERVER] = PROXIES;
const DESIRED = desiredMaps(
  MCP_SERVER,
  WORKLOAD,
  planInjection({ type: MCP_SERVER, workload: WORKLOAD, config: PRESENT, operator: dataOf(OPERATOR, MCP_SERVER.key) }),
).apply;
const IN_STEP = DESIRED.map(
  (map) => [map.metadata.name, { uid: 'm', owner: undefined, digest: mapDigest(map) }] as const,
);
const MAPS = '/api/v1/namespaces/ns/configmaps';
const BOTH = [`apply ${MAPS}/w-authz-ref`, `apply ${MAPS}/w-authz-runconfig`];

it.each([
  ['both are made', {}, PRESENT, BOTH],
  ['what is in step is not written again', { maps: IN_STEP }, PRESENT, []],
  [
    'what somebody changed is',
    { maps: IN_STEP.map(([name, entry]) => [name, { ...entry, digest: 'other' }] as const) },
    PRESENT,
    BOTH,
  ],
  [
    'without the operator there is no copy',
    { world: [], maps: IN_STEP },
    PRESENT,
    [`remove ${MAPS}/w-authz-runconfig m`],
  ],
  [
    'a config that is gone takes both along',
    { maps: IN_STEP },
    ABSENT,
    [`remove ${MAPS}/w-authz-ref m`, `remove ${MAPS}/w-authz-runconfig m`],
  ],
  ['what is not there is not taken away', {}, ABSENT, []],
])('%s', async (_title, scene, found, writes) => {
  expect((await run(scene, found)).writes).toEqual(writes);
});

it.each([
  ['of a workload that nobody runs is not asked for', { pods: [] }, [BOTH[0]]],
  ['is copied before its pods come, where the operator wrote it', { pods: [], operator: true }, BOTH],
  [
    'is copied where there is a copy',
    { pods: [], maps: IN_STEP.slice(1).map(([name, entry]) => [name, { ...entry, digest: 'old' }] as const) },
    BOTH,
  ],
  ['is copied for a pod, also where nobody knows who wrote it', {}, BOTH],
])("the operator's runtime config %s", async (_title, scene, writes) => {
  expect((await run(scene)).writes).toEqual(writes);
});

it('names the ConfigMaps that came out as they should, and no others', async () => {
  const stored = (applied: object): KubernetesObject => applied as KubernetesObject;
  const names = ({ wrote }: Injected): readonly unknown[] => wrote.map(({ metadata }) => metadata.name);
  expect(names(await run({ answer: stored }))).toEqual(['w-authz-ref', 'w-authz-runconfig']);
  const emptied = (applied: object): KubernetesObject => ({ ...stored(applied), data: {} });
  expect(names(await run({ answer: emptied }))).toEqual([]);
  expect(names(await run({ maps: IN_STEP, answer: stored }))).toEqual([]);
});

it('a reference that is gone takes both along, and says nothing more', async () => {
  const { writes, verdict, steps } = await run({ maps: IN_STEP }, ABSENT, server({ authzConfig: { type: 'inline' } }));
  expect(writes).toHaveLength(2);
  expect([verdict, steps]).toEqual([undefined, ['release']]);
});

it('a ConfigMap of that name that is not ours is left alone, and told', async () => {
  const theirs: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'w-authz-ref', namespace: 'ns' },
  };
  const { writes, verdict, notes, steps, againMs } = await run({ world: [OPERATOR, theirs] });
  expect(againMs).toBe(10_000); // nobody tells that it went away
  expect(writes).toEqual([`apply ${MAPS}/w-authz-runconfig`]);
  expect([verdict?.reason, notes.map(({ reason }) => reason), steps]).toEqual([
    'NameClash',
    ['AuthzNameClash'],
    ['release'],
  ]);
});

it('those of a workload of another kind and the same name are left alone: two that write them in turn never end', async () => {
  const proxy = { kind: 'MCPRemoteProxy', name: 'w' };
  const theirs = IN_STEP.map(([name, entry]) => [name, { ...entry, owner: proxy, digest: 'other' }] as const);
  const kept = await run({ maps: theirs });
  expect([kept.writes, kept.verdict?.reason]).toEqual([[], 'NameClash']);
  expect((await run({ maps: theirs }, ABSENT)).writes).toEqual([]);
  const live: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...{ name: 'w-authz-ref', namespace: 'ns', labels: { [COMPONENT_LABEL]: 'authz-ref' } },
      ownerReferences: [{ apiVersion: WORKLOAD.apiVersion, ...proxy, uid: 'p' }],
    },
  };
  expect((await run({ world: [OPERATOR, live] })).writes).toEqual([`apply ${MAPS}/w-authz-runconfig`]);
});

it('one of ours whose label was taken off is ours still, and written again', async () => {
  const stripped: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...{ name: 'w-authz-ref', namespace: 'ns' },
      managedFields: [{ manager: 'mallory' }, { manager: 'mcp-authz-webhook', operation: 'Apply' }],
    },
  };
  const { writes, notes } = await run({ world: [OPERATOR, stripped] });
  expect(writes).toEqual([`apply ${MAPS}/w-authz-ref`, `apply ${MAPS}/w-authz-runconfig`]);
  expect(notes.map(({ reason }) => reason)).not.toContain('AuthzNameClash');
});

it('nothing is rolled out before the ConfigMaps are in step', async () => {
  const refusal = apiErrorFrom(500, {});
  const { failure, steps, verdict } = await run({ refusal });
  expect([failure, steps, verdict?.reason]).toEqual([refusal, [], 'PodsUpToDate']);
  expect((await run({ maps: IN_STEP })).steps).toEqual(['step']);
});

it('a namespace that is going away is no failure', async () => {
  const refusal = apiErrorFrom(403, { details: { causes: [{ reason: 'NamespaceTerminating' }] } });
  expect((await run({ refusal })).failure).toBeUndefined();
});

it('counts pods by what they carry, until the workload is gone', async () => {
  const pods = [HASH, 'old', 'unresolved', undefined].map((hash, i) => ({ ...pod(hash), name: `p${String(i)}` }));
  const { injector } = setUp({ pods });
  await injector.pass(WORKLOAD, PRESENT, signal);
  expect(injector.pods()).toEqual({ current: 1, outdated: 1, waiting: 1, missed: 1 });
  injector.forget('MCPServer', 'ns', 'w');
  expect(injector.pods()).toEqual({ current: 0, outdated: 0, waiting: 0, missed: 0 });
});

it('the ConfigMaps belong to the workload, and do not hold it up', () => {
  expect(DESIRED.map(({ metadata }) => metadata)).toEqual(
    ['authz-ref', 'authz-runconfig'].map((component) => ({
      name: `w-${component}`,
      namespace: 'ns',
      labels: {
        'app.kubernetes.io/managed-by': 'mcp-authz-webhook',
        'authz.toolhive.stacklok.dev/component': component,
      },
      annotations: { 'authz.toolhive.stacklok.dev/config-hash': HASH },
      ownerReferences: [
        {
          apiVersion: WORKLOAD.apiVersion,
          kind: 'MCPServer',
          name: 'w',
          uid: 'u',
          controller: false,
          blockOwnerDeletion: false,
        },
      ],
    })),
  );
});
