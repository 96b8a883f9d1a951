import type { IncomingMessage, ServerResponse } from 'node:http';
import request from 'supertest';
import { createAdmissionListener } from '../../src/admission/listener.ts';
import { createMutatingHandler, createValidatingHandler, type Resolve } from '../../src/admission/handler.ts';
import { BODY_LIMIT } from '../../src/admission/body.ts';
import { MUTATORS } from '../../src/injection/index.ts';
import { createMetrics, type Metrics } from '../../src/runtime/metrics.ts';
import type { LogFields, Logger } from '../../src/runtime/logger.ts';
import { mutualExclusion } from '../../src/rules/mutual-exclusion.ts';
import type { Rule, WriteRule } from '../../src/rules/contract.ts';
import { answers, present } from '../support/answers.ts';
import { NOW, resolved, server } from '../support/objects.ts';

interface Harness {
  readonly listener: ReturnType<typeof createAdmissionListener>;
  readonly metrics: Metrics;
  readonly lines: { readonly message: string; readonly fields: LogFields | undefined }[];
}

function harness(rules: readonly Rule[] = [mutualExclusion], resolve?: Resolve): Harness {
  const lines: Harness['lines'] = [];
  const log = (message: string, fields?: LogFields): void => {
    lines.push({ message, fields });
  };
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const metrics = createMetrics();
  const deps = {
    resolve: resolve ?? (() => Promise.resolve(answers({ config: present(resolved()) }))),
    now: () => NOW,
  };
  const listener = createAdmissionListener({
    validate: createValidatingHandler(() => rules, deps),
    mutate: createMutatingHandler(MUTATORS, deps),
    logger,
    metrics,
    clock: () => 0,
  });
  return { listener, metrics, lines };
}

function review(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: { group: 'toolhive.stacklok.dev', version: 'v1beta1', kind: 'MCPServer' },
      resource: { group: 'toolhive.stacklok.dev', version: 'v1beta1', resource: 'mcpservers' },
      operation: 'CREATE',
      name: 'w',
      namespace: 'ns',
      userInfo: { username: 'alice', groups: ['dev'] },
      object: server(),
      ...fields,
    },
  };
}

/** Waits for an answer of the world. */
const asking: WriteRule = { ...mutualExclusion, queries: () => [{ ask: 'namespace', name: 'ns' }] };

const BOTH = server({ authzConfig: { type: 'inline' }, authzConfigRef: { name: 'a' } });

describe('requests that are not admission reviews', () => {
  it.each<[string, unknown, string, string]>([
    ['no body', '', '', 'the body is empty'],
    ['no JSON', '{"request":', '', 'the body is not JSON'],
    ['a list', '[]', '', 'the body is JSON but not an object; expected an AdmissionReview'],
    [
      'another kind',
      { kind: 'Status', apiVersion: 'v1', request: { uid: 'u' } },
      'u',
      'kind is "Status"; expected "AdmissionReview"',
    ],
    ['no kind', { request: { uid: 'u' } }, 'u', 'kind is missing; expected "AdmissionReview"'],
    [
      'v1beta1',
      { ...review(), apiVersion: 'admission.k8s.io/v1beta1' },
      'u-1',
      'apiVersion is "admission.k8s.io/v1beta1"; expected "admission.k8s.io/v1"',
    ],
    ['no request', { ...review(), request: undefined }, '', 'the AdmissionReview has no request'],
    ['no uid', review({ uid: undefined }), '', 'request.uid is missing or not a string'],
    [
      'no operation',
      review({ operation: 7 }),
      'u-1',
      'request.operation is a number; expected one of CREATE, UPDATE, DELETE, CONNECT',
    ],
    ['no object', review({ object: null }), 'u-1', 'request.object of a CREATE is not usable: it is not a JSON object'],
    [
      'no oldObject',
      review({ operation: 'DELETE' }),
      'u-1',
      'request.oldObject of a DELETE is not usable: it is not a JSON object',
    ],
    [
      'an object without kind',
      review({ object: { apiVersion: 'v1' } }),
      'u-1',
      'request.object of a CREATE is not usable: "kind" is missing or not a string',
    ],
    [
      'labels that are no map',
      review({ object: { ...server(), metadata: { labels: [1] } } }),
      'u-1',
      'request.object of a CREATE is not usable: "metadata.labels" is not a map of strings',
    ],
    ['endless nesting', '['.repeat(100_000), '', 'the body nests deeper than 1000 levels'],
  ])('%s: 400 with the reason and the uid', async (_title, body, uid, message) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await request(harness().listener).post('/validate').type('application/json').send(text);
    expect(response.status).toBe(400);
    expect(response.body).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid, allowed: false, status: { status: 'Failure', code: 400, reason: 'BadRequest', message } },
    });
  });

  it('another content type: 400', async () => {
    const response = await request(harness().listener).post('/mutate').type('text/plain').send('{}');
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({
      response: { status: { message: 'Content-Type is "text/plain"; expected application/json' } },
    });
  });

  it('more than 8 MiB: 413, whether announced or not', async () => {
    const body = Buffer.alloc(BODY_LIMIT + 1, 0x20);
    const announced = await request(harness().listener).post('/validate').type('application/json').send(body);
    expect([announced.status, announced.body]).toMatchObject([
      413,
      { response: { status: { reason: 'RequestEntityTooLarge' } } },
    ]);
    const chunked = request(harness().listener)
      .post('/validate')
      .type('application/json')
      .set('Transfer-Encoding', 'chunked');
    chunked.write(body.toString());
    expect((await chunked).status).toBe(413);
  });

  it.each([
    ['with its length', (text: string) => ({ 'Content-Length': String(text.length) })],
    ['without', () => ({ 'Transfer-Encoding': 'chunked' })],
  ])('a body that comes in pieces is read to its end, %s', async (_title, headers) => {
    const text = JSON.stringify(review());
    const { promise: begun, resolve } = Promise.withResolvers<unknown>();
    const { listener } = harness();
    const pieces = request((asked: IncomingMessage, response: ServerResponse) => {
      asked.once('data', resolve);
      listener(asked, response);
    })
      .post('/validate')
      .type('application/json')
      .set(headers(text));
    pieces.write(text.slice(0, 100));
    await begun;
    pieces.write(text.slice(100));
    expect(await pieces).toMatchObject({ status: 200, body: { response: { uid: 'u-1', allowed: true } } });
  });

  it('8 MiB exactly is read', async () => {
    const text = JSON.stringify(review());
    const body = text + ' '.repeat(BODY_LIMIT - text.length);
    expect((await request(harness().listener).post('/validate').type('application/json').send(body)).status).toBe(200);
  });

  it.each([
    ['get', '/validate', 405],
    ['put', '/mutate', 405],
    ['get', '/', 404],
    ['post', '/validate/x', 404],
    ['post', '/VALIDATE', 404],
  ] as const)('%s %s: %d', async (method, path, status) => {
    const response = await request(harness().listener)[method](path);
    expect(response.status).toBe(status);
    expect(response.headers['allow']).toBe(status === 405 ? 'POST' : undefined);
    expect(response.body).toMatchObject({
      kind: 'AdmissionReview',
      response: { allowed: false, status: { code: status } },
    });
  });
});

describe('/validate', () => {
  it('allows what no rule objects to', async () => {
    const response = await request(harness().listener).post('/validate').send(review());
    expect([response.status, response.body]).toEqual([
      200,
      { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'u-1', allowed: true } },
    ]);
  });

  it('refuses with status 200 and the whole Status', async () => {
    const message =
      'authzConfig and authzConfigRef are mutually exclusive; use authzConfigRef to reference a shared MCPAuthzConfig';
    const response = await request(harness().listener)
      .post('/validate?timeout=10s')
      .send(review({ object: BOTH }));
    expect([response.status, response.body]).toEqual([
      200,
      {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: {
          uid: 'u-1',
          allowed: false,
          status: {
            status: 'Failure',
            code: 422,
            reason: 'Invalid',
            message: `spec: ${message} [mutual-exclusion]`,
            details: {
              group: 'toolhive.stacklok.dev',
              kind: 'MCPServer',
              name: 'w',
              causes: [{ reason: 'MutuallyExclusive', message: `${message} [mutual-exclusion]`, field: 'spec' }],
            },
          },
        },
      },
    ]);
  });

  it.each([
    ['CONNECT', { operation: 'CONNECT' }],
    ['a subresource', { object: BOTH, subResource: 'status' }],
  ])('has nothing to say about %s', async (_title, fields) => {
    const response = await request(harness().listener).post('/validate').send(review(fields));
    expect(response.body).toMatchObject({ response: { allowed: true } });
  });

  it('answers a rule that throws with 500 and counts it, so that the failure policy decides', async () => {
    const broken: Rule = {
      ...mutualExclusion,
      id: 'broken',
      check: () => {
        throw new Error('boom');
      },
    };
    const { listener, metrics, lines } = harness([broken]);
    const response = await request(listener).post('/validate').send(review());
    expect([response.status, response.body]).toMatchObject([
      500,
      { response: { uid: 'u-1', allowed: false, status: { message: 'internal error in rule "broken"' } } },
    ]);
    expect(await metrics.registry.metrics()).toContain('mcp_authz_rule_panics_total{rule="broken"} 1');
    expect(lines.map(({ message }) => message)).toEqual(['rule failed', 'admission']);
  });

  it('answers a fault of ours with 500 and no detail', async () => {
    const { listener, lines } = harness([asking], () => Promise.reject(new Error('password=hunter2')));
    const response = await request(listener).post('/validate').send(review());
    expect([response.status, response.body]).toMatchObject([
      500,
      { response: { uid: 'u-1', status: { message: 'internal error' } } },
    ]);
    expect(response.text).not.toContain('hunter2');
    expect(lines).toMatchObject([{ message: 'admission request not answered', fields: { code: 500 } }]);
  });

  it('answers within the timeout that the API server gives, and aborts the work', async () => {
    const aborted = Promise.withResolvers<unknown>();
    const stuck: Resolve = (_queries, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted.resolve(signal.reason);
          reject(new Error('aborted'));
        });
      });
    const response = await request(harness([asking], stuck).listener)
      .post('/validate?timeout=20ms')
      .send(review());
    expect([response.status, response.body]).toMatchObject([503, { response: { uid: 'u-1', allowed: false } }]);
    expect(await aborted.promise).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

describe('/mutate', () => {
  it('answers with a JSON Patch, and with none the second time', async () => {
    const { listener } = harness();
    const object = server({ authzConfigRef: { name: 'a' } });
    const response = await request(listener).post('/mutate').send(review({ object }));
    const body = response.body as { response: { patch: string; patchType: string } };
    expect(body.response.patchType).toBe('JSONPatch');
    const annotations = {
      'authz.toolhive.stacklok.dev/config-hash': 'f00d',
      'authz.toolhive.stacklok.dev/config-ref': 'a@7',
      'authz.toolhive.stacklok.dev/resolved-config': '{"version":"1.0"}',
    };
    expect(JSON.parse(Buffer.from(body.response.patch, 'base64').toString())).toEqual([
      { op: 'add', path: '/metadata/annotations', value: annotations },
    ]);
    const again = await request(listener)
      .post('/mutate')
      .send(review({ object: { ...object, metadata: { ...object.metadata, annotations } } }));
    expect(again.body).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u-1', allowed: true },
    });
  });

  it('has nothing to do on DELETE', async () => {
    const response = await request(harness().listener)
      .post('/mutate')
      .send(review({ operation: 'DELETE', oldObject: BOTH }));
    expect(response.body).toMatchObject({ response: { allowed: true } });
  });
});

describe('what is written down', () => {
  it('is one line a decision, without the object', async () => {
    const { listener, lines, metrics } = harness();
    await request(listener)
      .post('/validate')
      .send(review({ object: BOTH, dryRun: true }));
    expect(lines).toEqual([
      {
        message: 'admission',
        fields: {
          webhook: 'validate',
          uid: 'u-1',
          operation: 'CREATE',
          kind: 'MCPServer',
          namespace: 'ns',
          name: 'w',
          user: 'alice',
          dryRun: true,
          milliseconds: 0,
          decision: 'denied',
          code: 422,
          reasons: ['deny:mutual-exclusion:MutuallyExclusive'],
          patched: false,
        },
      },
    ]);
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      'mcp_authz_admission_requests_total{webhook="validate",operation="CREATE",kind="MCPServer",decision="denied",code="422"} 1',
    );
    expect(text).toContain('mcp_authz_rule_denials_total{rule="mutual-exclusion"} 1');
    expect(text).toContain('mcp_authz_admission_in_flight 0');
  });

  it('is written once the answer has left, so that nobody waits for it', async () => {
    const { listener, lines } = harness();
    const written: unknown[] = [];
    await request((asked: IncomingMessage, response: ServerResponse) => {
      response.on('finish', () => written.push('answer'));
      Object.assign(lines, { push: () => written.push(response.writableEnded ? 'line' : 'line too early') });
      listener(asked, response);
    })
      .post('/validate')
      .send(review());
    expect(written).toEqual(expect.arrayContaining(['answer', 'line']));
  });

  it('counts all, however many at once', async () => {
    const metrics = createMetrics();
    for (let i = 0; i < 600; i += 1) {
      metrics.started();
      if (i > 0) {
        const [operation, kind, decision] = ['CREATE', 'MCPServer', 'allowed'] as const;
        metrics.finished({ uid: 'u', webhook: 'validate', operation, kind, decision, code: 200, seconds: 0.004 });
      }
    }
    const text = await metrics.registry.metrics();
    expect(text).toMatch(/^mcp_authz_admission_requests_total{.*} 599$/m);
    expect(text).toContain('mcp_authz_admission_duration_seconds_count{webhook="validate"} 599');
    expect(text).toContain('mcp_authz_admission_in_flight 1');
  });

  it('has few label values, whatever is sent', async () => {
    const { listener, metrics } = harness();
    for (let i = 0; i < 50; i += 1) {
      await request(listener)
        .post('/validate')
        .send(review({ kind: { group: 'g', version: 'v', kind: `Kind${String(i)}` } }));
    }
    const ours = [...(await metrics.registry.metrics()).matchAll(/^mcp_authz_.*(kind="[^"]*")/gm)];
    expect(new Set(ours.map(([, kind]) => kind))).toEqual(new Set(['kind="other"']));
  });
});
