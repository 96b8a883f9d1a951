/** Events are written once, counted when they repeat, and never in anybody's way. */
import { createEventRecorder, type EventRecord, type EventRecorder } from '../../src/kube/events.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { answer, resetConnection, status } from '../support/fault-server.ts';
import { createTestLog } from '../support/log.ts';
import { startObjectServer, type ObjectServer } from '../support/object-server.ts';

const COLLECTION = '/apis/events.k8s.io/v1/namespaces/ns/events';
const EVENT: EventRecord = {
  regarding: {
    apiVersion: 'toolhive.stacklok.dev/v1beta1',
    kind: 'MCPAuthzConfig',
    namespace: 'ns',
    name: 'a',
    uid: 'u',
  },
  type: 'Warning',
  reason: 'DeletionBlocked',
  action: 'Delete',
  note: 'still referenced',
};

let server: ObjectServer;
let clock: FakeClock;
let recorder: EventRecorder;
let outcomes: string[];
let log: ReturnType<typeof createTestLog>;

beforeEach(async () => {
  server = await startObjectServer();
  clock = createFakeClock();
  outcomes = [];
  log = createTestLog();
  recorder = createEventRecorder({
    client: server.client,
    controller: 'toolhive.stacklok.dev/mcp-authz-webhook',
    instance: 'pod-1',
    clock,
    logger: log.logger,
    metrics: { event: (outcome) => outcomes.push(outcome) },
    wallClock: () => new Date(Date.UTC(2026, 0, 1) + clock.now()),
  });
});
afterEach(() => server.close());

it('writes what events.k8s.io/v1 asks for', async () => {
  recorder.record(EVENT);
  await recorder.flush();
  expect(server.received).toEqual([
    expect.objectContaining({
      method: 'POST',
      path: COLLECTION,
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { namespace: 'ns', name: expect.stringMatching(/^a\.[0-9a-f]{16}$/) as string },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'toolhive.stacklok.dev/mcp-authz-webhook',
        reportingInstance: 'pod-1',
        type: 'Warning',
        reason: 'DeletionBlocked',
        action: 'Delete',
        regarding: EVENT.regarding,
        note: 'still referenced',
      },
    }),
  ]);
  expect([outcomes, clock.pending()]).toEqual([['written'], 0]);
});

it('the same event again is one series, written at most every ten seconds', async () => {
  recorder.record(EVENT);
  await recorder.flush();
  for (let i = 0; i < 40; i += 1) {
    clock.advance(1000);
    recorder.record({ ...EVENT, regarding: { ...EVENT.regarding, resourceVersion: String(i) } });
  }
  await recorder.flush();
  const path = `${COLLECTION}/${(server.received[0]?.body['metadata'] as { name: string }).name}`;
  expect(server.received.slice(1).every((call) => call.method === 'PATCH' && call.path === path)).toBe(true);
  expect(server.received.length).toBeLessThanOrEqual(6);
  expect(server.received.at(-1)?.body).toEqual({
    series: { count: 41, lastObservedTime: '2026-01-01T00:00:40.000000Z' },
  });
  expect(clock.pending()).toBe(0);
});

it('another note, another object or a long time make another event', async () => {
  recorder.record(EVENT);
  recorder.record({ ...EVENT, note: 'referenced by two' });
  recorder.record({ ...EVENT, regarding: { ...EVENT.regarding, uid: 'another' } });
  await recorder.flush();
  clock.advance(601_000);
  recorder.record(EVENT);
  await recorder.flush();
  expect(server.received.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST', 'POST']);
});

it('a series whose event the API server has forgotten begins a new one', async () => {
  recorder.record(EVENT);
  await recorder.flush();
  server.objects.clear();
  recorder.record(EVENT);
  await recorder.flush();
  expect(server.received.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
  expect(server.received.at(-1)?.body['series']).toMatchObject({ count: 2 });
});

it('in a namespace that is going away it is counted and not talked about', async () => {
  const causes = [{ reason: 'NamespaceTerminating', field: 'metadata.namespace', message: 'is being terminated' }];
  server.next('POST', answer(403, status(403, 'Forbidden', 'no', { causes })));
  recorder.record(EVENT);
  await recorder.flush();
  expect([outcomes, log.lines]).toEqual([['terminating'], []]);
});

it.each([
  ['a missing permission', answer(403, status(403, 'Forbidden', 'events is forbidden')), 'events is forbidden'],
  ['a broken connection', resetConnection, 'ECONNRESET'],
])('%s is told to the log and to nobody else; the next one tries again', async (_title, fault, message) => {
  server.next('POST', fault);
  recorder.record(EVENT);
  await recorder.flush();
  expect(outcomes).toEqual(['failed']);
  expect(log.lines).toEqual([
    expect.objectContaining({
      level: 'warn',
      message: 'event not written',
      fields: expect.objectContaining({
        reason: 'DeletionBlocked',
        error: expect.stringContaining(message) as string,
      }) as object,
    }),
  ]);
  recorder.record(EVENT);
  await recorder.flush();
  expect(server.received.at(-1)).toMatchObject({ method: 'POST', body: { series: { count: 2 } } });
});

it('a note that is too long is cut between two characters, a name at its limit stays one', async () => {
  const name = `${'a'.repeat(235)}-${'b'.repeat(17)}`;
  recorder.record({ ...EVENT, note: 'ü'.repeat(1000), regarding: { ...EVENT.regarding, name } });
  await recorder.flush();
  const { note, metadata } = server.received[0]?.body as { note: string; metadata: { name: string } };
  expect(note).toBe(`${'ü'.repeat(510)}…`);
  expect(metadata.name).toMatch(/^a{235}\.[0-9a-f]{16}$/);
});

it('remembers only so many', async () => {
  for (let i = 0; i < 1100; i += 1) {
    recorder.record({ ...EVENT, note: String(i) });
  }
  await recorder.flush();
  recorder.record({ ...EVENT, note: '0' }); // forgotten
  recorder.record({ ...EVENT, note: '1099' }); // remembered
  await recorder.flush();
  expect(
    server.received
      .slice(1100)
      .map(({ method }) => method)
      .sort(),
  ).toEqual(['PATCH', 'POST']);
});
