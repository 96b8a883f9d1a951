/** Spans as a collector receives them, from the listener and the client that the server has. */
import request from 'supertest';
import { createValidatingHandler, type Resolve } from '../../src/admission/handler.ts';
import { createAdmissionListener } from '../../src/admission/listener.ts';
import { objectPath } from '../../src/kube/paths.ts';
import { getObject } from '../../src/kube/get.ts';
import { createTracedClient } from '../../src/kube/traced-client.ts';
import { deletionProtection } from '../../src/rules/deletion-protection.ts';
import type { WriteRule } from '../../src/rules/contract.ts';
import { mutualExclusion } from '../../src/rules/mutual-exclusion.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { createTracing, type Tracing } from '../../src/runtime/tracing.ts';
import { answers, present, UNKNOWN } from '../support/answers.ts';
import { answer, status } from '../support/fault-server.ts';
import { createTestLog } from '../support/log.ts';
import { startObjectServer, type ObjectServer } from '../support/object-server.ts';
import { config, NOW, resolved, server } from '../support/objects.ts';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts';

let receiver: OtlpReceiver;
let cluster: ObjectServer;
let tracing: Tracing | undefined;
const log = createTestLog();

beforeEach(async () => {
  receiver = await startOtlpReceiver();
  cluster = await startObjectServer();
});
afterEach(async () => {
  await tracing?.stop();
  await receiver.close();
  cluster.client.close();
  await cluster.close();
});

/** What it asks does not matter here, only that it asks. */
const asking: WriteRule = { ...mutualExclusion, queries: () => [{ ask: 'namespace', name: 'ns' }] };

function traced(samplingRatio = 1, endpoint = receiver.endpoint): ReturnType<typeof createAdmissionListener> {
  const started = createTracing({ endpoint, samplingRatio, version: '1.2.3', instance: 'pod-1' }, log.logger);
  tracing = started;
  const client = createTracedClient(cluster.client, started);
  const resolve: Resolve = async (_queries, signal) => {
    const paths = [objectPath('v1beta1', 'ns', 'mcpauthzconfigs', 'a'), '/api/v1/namespaces/ns'];
    await Promise.allSettled(paths.map((path) => getObject(client, path, signal)));
    return answers({ config: present(resolved()), referrers: UNKNOWN, namespace: UNKNOWN });
  };
  const handler = createValidatingHandler(() => [asking, deletionProtection], { resolve, now: () => NOW });
  return createAdmissionListener({
    ...{ validate: handler, mutate: handler, logger: log.logger, metrics: createMetrics() },
    ...{ traced: started.request, clock: () => performance.now() },
  });
}

function review(fields: object = {}): object {
  const kind = { group: 'toolhive.stacklok.dev', version: 'v1beta1', kind: 'MCPServer' };
  const userInfo = { username: 'secret-user', groups: ['secret-group'] };
  const object = server({ image: 'secret-image' }, { name: 'secret-name' });
  const given = { uid: 'u-1', kind, operation: 'CREATE', name: 'secret-name', namespace: 'ns', userInfo, object };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { ...given, ...fields } };
}

const shown = ({ name, kind, failed, attributes }: ReceivedSpan): object => ({ name, kind, failed, attributes });
const [SERVER, CLIENT] = [2, 3];

it('one span a request, with what was asked and answered, and a child for each call to the API server', async () => {
  cluster.objects.set(objectPath('v1beta1', 'ns', 'mcpauthzconfigs', 'a'), config());
  const both = { authzConfig: { type: 'inline' }, authzConfigRef: { name: 'secret-config' } };
  const listener = traced();
  await request(listener)
    .post('/validate')
    .send(review({ object: server(both, { name: 'secret-name' }) }));
  await tracing?.stop();
  expect(receiver.spans.map(shown)).toEqual([
    {
      ...{ name: 'get mcpauthzconfigs', kind: CLIENT, failed: false },
      attributes: { 'mcp_authz.verb': 'get', 'mcp_authz.resource': 'mcpauthzconfigs' },
    },
    {
      ...{ name: 'get namespaces', kind: CLIENT, failed: false },
      attributes: { 'mcp_authz.verb': 'get', 'mcp_authz.resource': 'namespaces', 'error.type': 'API_NOT_FOUND' },
    },
    {
      ...{ name: 'admission validate', kind: SERVER, failed: false },
      attributes: {
        'mcp_authz.webhook': 'validate',
        'mcp_authz.operation': 'CREATE',
        'mcp_authz.kind': 'MCPServer',
        'mcp_authz.decision': 'denied',
        'mcp_authz.code': 422,
        'mcp_authz.uid': 'u-1',
      },
    },
  ]);
  const parent = receiver.spans.at(-1);
  expect(parent?.parentSpanId).toBeUndefined();
  for (const child of receiver.spans.slice(0, -1)) {
    expect([child.traceId, child.parentSpanId]).toEqual([parent?.traceId, parent?.spanId]);
  }
  expect(parent?.resource).toEqual({
    'service.name': 'mcp-authz-webhook',
    'service.version': '1.2.3',
    'service.instance.id': 'pod-1',
  });
  expect(receiver.text()).not.toContain('secret');
});

it('requests that come at the same time keep their own children', async () => {
  const listener = traced();
  const uids = Array.from({ length: 20 }, (_, index) => `u-${String(index)}`);
  // Each from a namespace of its own: one namespace may not have so many at a time.
  await Promise.all(
    uids.map((uid) =>
      request(listener)
        .post('/validate')
        .send(review({ uid, namespace: uid })),
    ),
  );
  await tracing?.stop();
  const parents = receiver.spans.filter(({ kind }) => kind === SERVER);
  expect(parents.map(({ attributes }) => attributes['mcp_authz.uid']).sort()).toEqual(uids.sort());
  for (const { traceId, spanId } of parents) {
    const children = receiver.spans.filter((span) => span.traceId === traceId && span.kind === CLIENT);
    expect(children.map(({ parentSpanId }) => parentSpanId)).toEqual([spanId, spanId]);
  }
});

describe('the caller', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const ask = async (ratio: number, traceparent: string): Promise<readonly ReceivedSpan[]> => {
    await request(traced(ratio)).post('/validate').set('traceparent', traceparent).send(review());
    await tracing?.stop();
    return receiver.spans.filter(({ kind }) => kind === SERVER);
  };

  it('is the parent where it says so, and has decided what is traced', async () => {
    const [span] = await ask(0, `00-${TRACE}-00f067aa0ba902b7-01`);
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: '00f067aa0ba902b7' });
  });

  it('may decide against it', async () => {
    expect(await ask(1, `00-${TRACE}-00f067aa0ba902b7-00`)).toEqual([]);
  });

  it.each([
    '',
    'nonsense',
    `00-${TRACE}`,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  ])('is no parent where its header is %j', async (traceparent) => {
    const [span, ...others] = await ask(1, traceparent);
    expect(others).toEqual([]);
    expect(span?.traceId).not.toBe(TRACE);
    expect(span?.parentSpanId).toBeUndefined();
  });
});

it('headers for the collector come from the variable that exporters read', async () => {
  process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'x-tenant=platform';
  await request(traced()).post('/validate').send(review());
  delete process.env['OTEL_EXPORTER_OTLP_HEADERS'];
  await tracing?.stop();
  expect(receiver.headers()['x-tenant']).toBe('platform');
});

it('nothing is sent of what the ratio leaves out', async () => {
  const listener = traced(0);
  expect((await request(listener).post('/validate').send(review())).status).toBe(200);
  await tracing?.stop();
  expect(receiver.exports()).toBe(0);
});

it.each([
  ['what is no review', 'not a review', { decision: 'rejected', code: 400, failed: false, uid: '' }],
  [
    'no answer, because the API server gave none',
    review({
      operation: 'DELETE',
      kind: { group: 'toolhive.stacklok.dev', kind: 'MCPAuthzConfig' },
      oldObject: config(),
    }),
    { decision: 'undecided', code: 503, failed: true, uid: 'u-1' },
  ],
])('%s is told too', async (_, body, { decision, code, failed, uid }) => {
  cluster.next('GET', answer(500, status(500, 'InternalError', 'secret')), answer(500, status(500, '', 'secret')));
  await request(traced()).post('/validate').set('Content-Type', 'application/json').send(body);
  await tracing?.stop();
  const span = receiver.spans.find(({ kind }) => kind === SERVER);
  expect(span?.failed).toBe(failed);
  expect(span?.attributes).toMatchObject({
    'mcp_authz.decision': decision,
    'mcp_authz.code': code,
    'mcp_authz.uid': uid,
  });
  const reads = receiver.spans.filter(({ kind }) => kind === CLIENT);
  expect(reads.every((read) => read.failed && read.attributes['error.type'] === 'API_UNAVAILABLE')).toBe(true);
  expect(receiver.text()).not.toContain('secret');
});

it('calls outside of a request are made without', async () => {
  const options = { endpoint: receiver.endpoint, samplingRatio: 1, version: '1.2.3', instance: 'pod-1' };
  const started = createTracing(options, log.logger);
  tracing = started;
  const client = createTracedClient(cluster.client, started);
  cluster.objects.set('/api/v1/namespaces/ns', { kind: 'Namespace', metadata: { name: 'ns' } });
  const object = await client.request({ method: 'GET', path: '/api/v1/namespaces/ns' });
  expect(object).toMatchObject({ kind: 'Namespace' });
  await started.stop();
  expect(receiver.exports()).toBe(0);
});

it('a collector that refuses is told of once, changes no answer and does not keep the server from ending', async () => {
  receiver.answer(400);
  const listener = traced();
  expect((await request(listener).post('/validate').send(review())).status).toBe(200);
  await tracing?.stop();
  expect(receiver.exports()).toBeGreaterThan(0);
  expect(log.lines.filter(({ message }) => message.startsWith('traces'))).toEqual([
    { level: 'warn', message: 'traces are not taken', fields: { error: expect.any(String) as string } },
  ]);
});
