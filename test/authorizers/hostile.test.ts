/**
 * Policy text is written by others: whatever it is, the answer comes within the request's timeout, the process lives, and
 * other requests are answered meanwhile. Through the HTTP listener and the real worker threads.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createValidatingHandler } from '../../src/admission/handler.ts';
import { createAdmissionListener } from '../../src/admission/listener.ts';
import {
  createIsolatedAnalyzer,
  DEFAULT_ANALYZER,
  type IsolatedAnalyzer,
} from '../../src/authorizers/isolated-analyzer.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import { DEFAULT_POLICY } from '../../src/rules/contract.ts';
import { createRules } from '../../src/rules/index.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { config, NOW } from '../support/objects.ts';

/** What the registrations ask for; the API server gives no more. */
const TIMEOUT_SECONDS = 10;

let analyzer: IsolatedAnalyzer;
let server: Server;
let url: string;

beforeAll(async () => {
  analyzer = createIsolatedAnalyzer();
  const rules = createRules(DEFAULT_POLICY);
  const validate = createValidatingHandler(() => rules, {
    resolve: async (queries, signal) => {
      const answers = createWorldAnswers();
      for (const query of queries) {
        if (query.ask === 'analysis') {
          try {
            answers.record(query, { state: 'present', value: await analyzer.analyze(query.spec, signal) });
          } catch (error) {
            answers.record(query, { state: 'unknown', why: (error as Error).message });
          }
        }
      }
      return answers;
    },
    now: () => NOW,
  });
  const silent = (): void => undefined;
  server = createServer(
    createAdmissionListener({
      validate,
      mutate: validate,
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: createMetrics(),
      clock: () => performance.now(),
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/validate?timeout=${String(TIMEOUT_SECONDS)}s`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await analyzer.close();
});

interface Answer {
  readonly status: number;
  readonly allowed: boolean | undefined;
  readonly message: string;
}

async function apply(spec: object, namespace = 'ns'): Promise<Answer> {
  const object = config(spec as Record<string, unknown>);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'u',
        kind: { group: 'toolhive.stacklok.dev', version: 'v1beta1', kind: 'MCPAuthzConfig' },
        resource: { group: 'toolhive.stacklok.dev', version: 'v1beta1', resource: 'mcpauthzconfigs' },
        name: 'a',
        namespace,
        operation: 'CREATE',
        userInfo: { username: 'alice' },
        object,
      },
    }),
    signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
  });
  const text = await response.text();
  const review = (text.startsWith('{') ? JSON.parse(text) : {}) as {
    response?: { allowed: boolean; status?: { message: string } };
  };
  return {
    status: response.status,
    allowed: review.response?.allowed,
    message: review.response?.status?.message ?? text,
  };
}

const PERMIT = 'permit(principal, action, resource);';
const deep = (open: string, middle: string, close: string, levels: number): string =>
  `permit(principal, action, resource) when { ${open.repeat(levels)}${middle}${close.repeat(levels)} };`;
const policies = (...texts: readonly string[]): object => ({ type: 'cedarv1', config: { policies: texts } });

const HOSTILE: readonly (readonly [string, object])[] = [
  ['1 MiB of text in one policy', policies(`// ${'x'.repeat(1 << 20)}\n${PERMIT}`)],
  ['1 MiB in one string literal', policies(`permit(principal, action, resource == Tool::"${'x'.repeat(1 << 20)}");`)],
  ['1 MiB that never parses', policies('('.repeat(1 << 20))],
  ['10,000 policies', policies(...Array.from({ length: 10_000 }, () => PERMIT))],
  ['10,000 policies that do not parse', policies(...Array.from({ length: 10_000 }, () => 'permit('))],
  ['4,000 policies that do not parse', policies(...Array.from({ length: 4000 }, (_, i) => `permit(${String(i)}`))],
  ['1,000 parentheses', policies(deep('(', 'true', ')', 1000))],
  ['1,000 lists', policies(deep('[', '1', ']', 1000))],
  ['1,000 records', policies(deep('{a:', '1', '}', 1000))],
  ['1,000 ifs', policies(deep('if true then ', 'true', ' else false', 1000))],
  ['100,000 parentheses', policies(deep('(', 'true', ')', 100_000))],
  ['1,000 negations', policies(deep('!', 'true', '', 1000))],
  [
    '20,000 operators in a row',
    policies(`permit(principal, action, resource) when { true${' && true'.repeat(20_000)} };`),
  ],
  [
    '20,000 attributes in a row',
    policies(`permit(principal, action, resource) when { context${'.a'.repeat(20_000)} };`),
  ],
  [
    'entities nested 1,000 deep',
    {
      type: 'cedarv1',
      config: {
        policies: [PERMIT],
        entities_json: `[{"uid":{"type":"T","id":"a"},"attrs":{"a":${'['.repeat(1000)}${']'.repeat(1000)}}}]`,
      },
    },
  ],
  ['lone surrogates', policies(`permit(principal, action, resource == Tool::"\ud800");`)],
  [
    'a config 500 deep',
    {
      type: 'cedarv1',
      config: { policies: [PERMIT], x: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) as unknown },
    },
  ],
];

/** cedar-go takes any number of negations. */
const HARMLESS = ['1,000 negations'];

it.each(HOSTILE)('%s: answered in time, and other requests as ever', async (title, spec) => {
  const [answer, other] = await Promise.all([
    apply(spec),
    // Of another namespace: a large body takes most of the places of its own.
    apply(policies(PERMIT, `// ${String(Math.random())}\n${PERMIT}`), 'another'),
  ]);
  expect([200, 503]).toContain(answer.status);
  expect(answer.allowed ?? false).toBe(HARMLESS.includes(title));
  expect(answer.message.length).toBeLessThan(20_000);
  expect(other).toMatchObject({ status: 200, allowed: true });
  expect(await apply(policies(`${PERMIT} ${PERMIT}`))).toMatchObject({ status: 200, allowed: false });
});

it.each([
  ['1,000 parentheses', policies(deep('(', 'true', ')', 1000)), /nests deeper than \d+/],
  [
    '10,000 policies',
    policies(...Array.from({ length: 10_000 }, () => PERMIT)),
    /There are 10000 policies; this check takes at most 4096/,
  ],
  ['1 MiB of text', policies(`// ${'x'.repeat(1 << 20)}\n${PERMIT}`), /bytes; at most 491520 fit/],
])('%s are refused with the limit', async (_title, spec, message) => {
  expect(await apply(spec)).toMatchObject({
    status: 200,
    allowed: false,
    message: expect.stringMatching(message) as string,
  });
});

describe('a thread', () => {
  it('that takes too long is given up and replaced', async () => {
    const impatient = createIsolatedAnalyzer({ ...DEFAULT_ANALYZER, workers: 1, timeoutMs: 1 });
    const many = Array.from({ length: 4000 }, (_, i) => `permit(principal, action, resource == Tool::"${String(i)}");`);
    await expect(impatient.analyze({ type: 'cedarv1', config: { policies: many } })).rejects.toMatchObject({
      code: 'ANALYSIS_TIMEOUT',
    });
    await impatient.close();
  });

  it('is not waited for once the request is gone', async () => {
    const gone = new AbortController();
    const one = createIsolatedAnalyzer({ ...DEFAULT_ANALYZER, workers: 1 });
    const many = Array.from(
      { length: 4000 },
      (_, i) => `permit(principal, action, resource == Tool::"x${String(i)}");`,
    );
    const first = one.analyze({ type: 'cedarv1', config: { policies: many } }, gone.signal);
    const second = one.analyze({ type: 'cedarv1', config: { policies: [PERMIT] } });
    gone.abort();
    await expect(first).rejects.toMatchObject({ code: 'ANALYSIS_TIMEOUT' });
    expect((await second).problems).toEqual([]);
    await one.close();
  });
});
