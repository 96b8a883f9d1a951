/** Writes and events as the real API server takes them: its validation, its conflicts, its terminating namespaces. */
import { at, stringAt } from '../../src/api/json.ts';
import { createKubeClient, loadKubeConfig, type KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { isConflict, isFieldManagerConflict } from '../../src/kube/errors.ts';
import { createEventRecorder, type EventRecord, type EventRecorder } from '../../src/kube/events.ts';
import { createWriter, type Writer } from '../../src/kube/write.ts';
import { createTestLog } from '../support/log.ts';
import { eventually, get, kubectl, makeNamespace, sharedCluster } from './cluster.ts';
import { workload } from './objects.ts';

const { signal } = new AbortController();
const thrown = (error: unknown): unknown => error;

let client: KubeClient;
let writer: Writer;
let namespace: string;
let collection: string;

beforeAll(async () => {
  client = createKubeClient(loadKubeConfig({ kubeconfig: sharedCluster().kubeconfig }));
  writer = createWriter(client);
  namespace = await makeNamespace();
  collection = `/apis/toolhive.stacklok.dev/v1beta1/namespaces/${namespace}/mcpservers`;
});
afterAll(async () => {
  client.close();
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
});

it('a status is applied field by field, and another manager keeps its own', async () => {
  const created = await writer.create(collection, workload('MCPServer', 'applied', {}), signal);
  const path = `${collection}/applied`;
  const { apiVersion, kind } = created;
  const status = (fields: object): object => ({ apiVersion, kind, metadata: { name: 'applied' }, status: fields });
  await writer.applyStatus(path, status({ phase: 'Ready' }), { fieldManager: 'toolhive', force: false }, signal);
  const ours = { fieldManager: 'mcp-authz-webhook', force: false };
  const after = await writer.applyStatus(path, status({ authzConfigHash: 'h' }), ours, signal);
  expect(after['status']).toMatchObject({ phase: 'Ready', authzConfigHash: 'h' });
  const taking = writer.applyStatus(path, status({ authzConfigHash: 'h', phase: 'Failed' }), ours, signal);
  const conflict = await taking.catch(thrown);
  expect(isFieldManagerConflict(conflict)).toBe(true);
  expect(conflict).toMatchObject({ causes: [expect.objectContaining({ field: '.status.phase' })] });
  const left = await writer.applyStatus(path, status({}), ours, signal);
  // What is not applied any more goes. The server of the tests has a loop, which may have left an empty list.
  expect(left['status']).toMatchObject({ phase: 'Ready' });
  expect(left['status']).not.toHaveProperty('authzConfigHash');
});

it('a stale resourceVersion, another uid and an existing name are conflicts, but of no field manager', async () => {
  const created = await writer.create(collection, workload('MCPServer', 'raced', {}), signal);
  const path = `${collection}/raced`;
  const { resourceVersion = '' } = created.metadata;
  await writer.mergePatch(path, { metadata: { resourceVersion, labels: { a: 'b' } } }, signal);
  const errors = await Promise.all([
    writer.mergePatch(path, { metadata: { resourceVersion, labels: { a: 'c' } } }, signal).catch(thrown),
    writer.replace(path, created, signal).catch(thrown),
    writer.remove(path, { resourceVersion }, signal).catch(thrown),
    writer.remove(path, { uid: '00000000-0000-0000-0000-000000000000' }, signal).catch(thrown),
    writer.create(collection, workload('MCPServer', 'raced', {}), signal).catch(thrown),
  ]);
  expect(errors.map((error) => [isConflict(error), isFieldManagerConflict(error)])).toEqual(
    errors.map(() => [true, false]),
  );
  const { uid = '' } = created.metadata;
  await writer.remove(path, { uid }, signal);
  expect(await get(namespace, 'mcpservers', 'raced')).toBeUndefined();
});

describe('events', () => {
  const outcomes: string[] = [];
  const log = createTestLog();
  let recorder: EventRecorder;
  const event = (where: string): EventRecord => ({
    regarding: { apiVersion: 'toolhive.stacklok.dev/v1beta1', kind: 'MCPServer', namespace: where, name: 'applied' },
    type: 'Warning',
    reason: 'AuthzConfigRefInvalid',
    action: 'Validate',
    note: 'ü'.repeat(2000),
  });
  beforeAll(() => {
    recorder = createEventRecorder({
      client,
      controller: 'toolhive.stacklok.dev/mcp-authz-webhook',
      instance: 'e2e',
      clock: systemClock,
      logger: log.logger,
      metrics: { event: (outcome) => outcomes.push(outcome) },
    });
  });

  it('are taken as they are, and counted in a series', async () => {
    recorder.record(event(namespace));
    await recorder.flush();
    recorder.record(event(namespace));
    recorder.record(event(namespace));
    await recorder.flush();
    expect([outcomes, log.lines]).toEqual([['written', 'written'], []]);
    const { stdout } = await kubectl(['get', 'events.events.k8s.io', '-n', namespace, '-o', 'json']);
    const found = at(JSON.parse(stdout), 'items') as unknown[];
    const mine = found.filter((each) => stringAt(each, 'reason') === 'AuthzConfigRefInvalid');
    expect(mine).toHaveLength(1);
    expect(at(mine[0], 'series', 'count')).toBe(3);
  });

  it('are dropped without a word where the namespace is going away', async () => {
    const going = await makeNamespace();
    const hold = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'hold', finalizers: ['example.com/hold'] } };
    const path = `/api/v1/namespaces/${going}/configmaps`;
    await writer.create(path, hold, signal);
    await kubectl(['delete', 'namespace', going, '--wait=false']);
    await eventually('it is going away', async () => {
      outcomes.length = 0;
      recorder.record({ ...event(going), note: String(performance.now()) });
      await recorder.flush();
      return outcomes.includes('terminating');
    });
    expect(log.lines).toEqual([]);
    await writer.mergePatch(`${path}/hold`, { metadata: { finalizers: null } }, signal);
  });
});
