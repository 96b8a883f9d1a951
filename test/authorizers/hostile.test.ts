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
    resolve: async (queries, signal, namespace) => {
      const answers = createWorldAnswers();
      for (const query of queries) {
        if (query.ask === 'analysis') {
          try {
            answers.record(query, { state: 'present', value: await analyzer.analyze(query.spec, signal, namespace) });
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

const when = (condition: string): string => `permit(principal, action, resource) when { ${condition} };`;
const entities = (count: number, parentsOf: (index: number) => readonly number[]): object => ({
  type: 'cedarv1',
  config: {
    policies: [PERMIT],
    entities_json: JSON.stringify(
      Array.from({ length: count }, (_, index) => ({
        uid: { type: 'G', id: String(index) },
        attrs: {},
        parents: parentsOf(index).map((parent) => ({ type: 'G', id: String(parent) })),
      })),
    ),
  },
});
const layerAbove = (index: number): readonly number[] =>
  index < 20 ? [] : Array.from({ length: 20 }, (_, parent) => (Math.floor(index / 20) - 1) * 20 + parent);

/** Nothing forbids these; they may take longer than there is time, and then nothing is decided. */
it.each([
  ['a chain of 3,000 ancestors', entities(3000, (index) => (index === 0 ? [] : [index - 1]))],
  ['a ring of 3,000 ancestors', entities(3000, (index) => [(index + 1) % 3000])],
  ['20 to the power of 30 ways to an ancestor', entities(600, layerAbove)],
  ['a set of 230,000 elements', policies(when(`[${Array.from({ length: 230_000 }, () => '1').join()}].contains(1)`))],
  ['100,000 wildcards', policies(when(`context.a like "${'*a'.repeat(100_000)}"`))],
  [
    'a record of 30,000 fields',
    policies(when(`{${Array.from({ length: 30_000 }, (_, i) => `k${String(i)}: 1`).join()}}.k1 == 1`)),
  ],
  [
    '15,000 actions',
    policies(
      `permit(principal, action in [${Array.from({ length: 15_000 }, (_, i) => `Action::"a${String(i)}"`).join()}], resource);`,
    ),
  ],
])('%s: answered in time, and other requests as ever', async (_title, spec) => {
  const [answer, other] = await Promise.all([
    apply(spec),
    apply(policies(PERMIT, `// ${String(Math.random())}\n${PERMIT}`), 'other'),
  ]);
  expect([200, 503]).toContain(answer.status);
  expect(other).toMatchObject({ status: 200, allowed: true });
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

describe('memory of the module', () => {
  const analyzer = createIsolatedAnalyzer({ ...DEFAULT_ANALYZER, workers: 1, timeoutMs: 60_000 });
  afterAll(() => analyzer.close());

  it('is bounded: where it runs out, the thread is replaced', async () => {
    const set = Array.from({ length: 230_000 }, () => '1').join();
    const spec = {
      type: 'cedarv1',
      config: { policies: [`permit(principal, action, resource) when { [${set}].contains(1) };`] },
    };
    await expect(analyzer.analyze(spec)).rejects.toMatchObject({
      code: 'ANALYSIS_FAILED',
      message: 'the Cedar module could not take the policies',
    });
    expect((await analyzer.analyze({ type: 'cedarv1', config: { policies: [PERMIT] } })).problems).toEqual([]);
  });

  it('is enough for as many ordinary policies as are let in', async () => {
    const many = Array.from(
      { length: 4096 },
      (_, i) => `permit(principal, action == Action::"call_tool", resource == Tool::"tool-${String(i)}");`,
    );
    expect((await analyzer.analyze({ type: 'cedarv1', config: { policies: many } })).problems).toEqual([]);
  });
});
