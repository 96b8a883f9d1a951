/** How many series the metrics come to: after 10,000 random requests, beside a loop that has met everything it can meet. */
import { readFileSync } from 'node:fs';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { createMutatingHandler, createValidatingHandler, type Resolve } from '../../src/admission/handler.ts';
import { createAdmissionListener } from '../../src/admission/listener.ts';
import { AUTHZ_CONFIG, WORKLOADS } from '../../src/api/toolhive.ts';
import { webhookConfigurations } from '../../src/engine/registration.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import { MUTATORS } from '../../src/injection/index.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import type { Answer, Rule } from '../../src/rules/contract.ts';
import { createRules } from '../../src/rules/index.ts';
import { createLoopMetrics } from '../../src/runtime/loop-metrics.ts';
import { createMetrics, type Metrics } from '../../src/runtime/metrics.ts';
import { createTestLog } from '../support/log.ts';
import { NOW, resolved, VALID, workload } from '../support/objects.ts';
import { ABSENT, present, UNKNOWN } from '../support/answers.ts';

const REQUESTS = 10_000;
const AT_ONCE = 16;
const SEED = 7;
const KINDS = [AUTHZ_CONFIG.kind, ...WORKLOADS.map(({ kind }) => kind)];

/** Fails for objects of that name, as a rule with a bug would; forbids others. */
const ODD: Rule = {
  id: 'odd',
  title: 'No object is called so.',
  on: 'write',
  match: { resources: [AUTHZ_CONFIG, ...WORKLOADS].map(({ resource }) => resource), operations: ['CREATE', 'UPDATE'] },
  queries: () => [],
  check: ({ name }) => {
    if (name === 'bug') {
      throw new Error('a bug');
    }
    return name === 'forbidden'
      ? [{ level: 'deny', path: 'spec', reason: 'Odd', message: 'No.', refusal: 'Forbidden' }]
      : [];
  },
};

const problem = { path: 'spec.config', reason: 'Odd', message: 'No.' };
const configs: readonly Answer<ReturnType<typeof resolved>>[] = [
  present(resolved()),
  present(resolved({}, { deletionTimestamp: NOW.toISOString() })),
  present(resolved({ type: 'httpv1' })),
  ABSENT,
  UNKNOWN,
];
/** One answer of each sort that there is, in turn, so that over many requests all of them meet. */
function resolveInTurn(): Resolve {
  let turn = 0;
  const next = <T>(...choices: readonly T[]): T => {
    turn += 1;
    return choices[turn % choices.length] as T; // there is at least one
  };
  return (queries) => {
    const answers = createWorldAnswers();
    for (const query of queries) {
      switch (query.ask) {
        case 'authzConfig':
          answers.record(query, next(...configs));
          break;
        case 'analysis':
          answers.record(query, next(present(VALID), present({ ...VALID, problems: [problem] }), UNKNOWN));
          break;
        case 'referrers':
          answers.record(query, next(present([]), present([{ kind: 'MCPServer', name: 'w' }]), UNKNOWN));
          break;
        case 'namespace':
          answers.record(query, next(present({ terminating: false, labels: {} }), ABSENT, UNKNOWN));
          break;
        case 'mayBypass':
          answers.record(query, next(present(true), present(false), UNKNOWN));
          break;
        case 'workload':
        case 'configMap':
        case 'decisionTests':
        case 'decisionTestFaults':
          break; // stays unknown
      }
    }
    return Promise.resolve(answers);
  };
}

interface Call {
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

const names = fc.constantFrom('w', 'bug', 'forbidden', '__proto__', '');
const kinds = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...KINDS, 'Pod', 'ConfigMap') },
  { weight: 2, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toolhive', 'other', 'Secret') },
  { weight: 1, arbitrary: fc.string() },
);
const spec = fc.record(
  {
    type: fc.constantFrom('cedarv1', 'httpv1', 'nonsense'),
    config: fc.constant({ policies: ['permit(principal, action, resource);'] }),
    authzConfig: fc.constant({ type: 'inline' }),
    authzConfigRef: fc.record({ name: fc.constantFrom('a', 'b') }),
  },
  { requiredKeys: [] },
);
const object = fc.tuple(kinds, spec, names).map(([kind, fields, name]) => workload(kind, fields, { name }));
const review = fc
  .record({
    uid: fc.constant('u-1'),
    kind: fc.record({
      group: fc.constantFrom('toolhive.stacklok.dev', 'toolhive.stacklok.dev', '', 'apps', 'x'),
      version: fc.constantFrom('v1', 'v1beta1'),
      kind: kinds,
    }),
    operation: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('CREATE', 'UPDATE', 'DELETE', 'CONNECT') },
      { weight: 1, arbitrary: fc.string() },
    ),
    name: names,
    namespace: fc.constant('ns'),
    subResource: fc.constantFrom('', '', '', 'status'),
    userInfo: fc.constant({ username: 'alice', groups: [] }),
    dryRun: fc.boolean(),
    object,
    oldObject: object,
  })
  .map((request) => {
    const same = workload(request.kind.kind, {}, {});
    const of = (each: object): object => ({ ...same, ...each, kind: request.kind.kind });
    const body = { ...request, object: of(request.object), oldObject: of(request.oldObject) };
    return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: body });
  });
const calls = fc.record({
  path: fc.constantFrom('/validate', '/mutate', '/validate?timeout=1s', '/other'),
  contentType: fc.oneof(
    { weight: 19, arbitrary: fc.constant('application/json') },
    { weight: 1, arbitrary: fc.constantFrom('text/plain', 'x') },
  ),
  body: fc.oneof({ weight: 12, arbitrary: review }, { weight: 1, arbitrary: fc.string() }),
});

/** Sends them to the listener over real connections, some at a time. */
async function ask(metrics: Metrics, requests: readonly Call[]): Promise<void> {
  const deps = { resolve: resolveInTurn(), now: () => NOW };
  const rules = [...createRules({ missingReference: 'Deny' }), ODD];
  const listener = createAdmissionListener({
    validate: createValidatingHandler(() => rules, deps),
    mutate: createMutatingHandler(MUTATORS, deps),
    ...{ metrics, logger: createTestLog().logger, clock: () => performance.now() },
  });
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const { port } = server.address() as AddressInfo;
  const rest = requests.values();
  const send = ({ path, contentType, body }: Call): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'Content-Type': contentType };
      const call = httpRequest({ agent, port, path, headers, method: 'POST' }, (response) => {
        response.resume().on('end', resolve);
      });
      call.on('error', reject).end(body);
    });
  const worker = async (): Promise<void> => {
    for (const call of rest) {
      await send(call);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  agent.destroy();
  await new Promise((resolve) => server.close(resolve));
}

/** Every label set that the loop can come to. */
function exhaust(registry: Metrics['registry']): void {
  const [kube, loop] = [createKubeMetrics(registry), createLoopMetrics(registry)];
  const core = ['pods', 'configmaps', 'configmaps of the operator'];
  for (const resource of [...[AUTHZ_CONFIG, ...WORKLOADS].map((each) => each.resource), ...core]) {
    kube.watching(resource, { lagSeconds: () => 1, objects: () => 1 });
    kube.listed(resource);
    for (const reason of ['ended', 'expired', 'silent', 'unanswered', 'malformed', 'reported', 'refused', 'bug']) {
      kube.watchEnded(resource, reason);
    }
  }
  for (const outcome of ['done', 'conflict', 'gone', 'failed', 'not-leader']) {
    KINDS.forEach((kind) => {
      loop.reconciled(kind, outcome, 1);
    });
  }
  for (const outcome of ['written', 'terminating', 'failed'] as const) {
    kube.event(outcome);
  }
  for (const outcome of ['evicted', 'blocked'] as const) {
    loop.eviction(outcome);
  }
  const pods = { current: 1, outdated: 1, waiting: 1, missed: 1 };
  loop.observe({ depth: () => 1, contended: () => 1, rollouts: () => 1, pods: () => pods });
}

const seriesOf = (text: string): readonly string[] => text.split('\n').filter((line) => /^\w/.test(line));

it('fewer than 300 series after 10,000 random requests, every kind of answer among them', async () => {
  const metrics = createMetrics();
  exhaust(metrics.registry);
  const requests = fc.sample(calls, { numRuns: REQUESTS, seed: SEED });
  await ask(metrics, requests);
  const text = await metrics.registry.metrics();
  const answers = [...text.matchAll(/^mcp_authz_admission_requests_total.*decision="(\w+)",code="(\d+)"\} (\d+)$/gm)];
  const admission = requests.filter(({ path }) => path !== '/other');
  expect(answers.reduce((sum, [, , , count]) => sum + Number(count), 0)).toBe(admission.length);
  expect([...new Set(answers.map(([, decision, code]) => `${decision ?? ''} ${code ?? ''}`))].sort()).toEqual([
    'allowed 200',
    'denied 403',
    'denied 409',
    'denied 422',
    'rejected 400',
    'undecided 500',
    'undecided 503',
  ]);
  for (const name of ['rule_panics', 'rule_denials', 'injections']) {
    expect(text).toMatch(new RegExp(`^mcp_authz_${name}_total(\\{[^}]*\\})? [1-9]`, 'm'));
  }
  expect(seriesOf(text).length).toBeLessThan(300);
}, 60_000);

interface Configuration {
  readonly webhooks: readonly {
    readonly clientConfig: { readonly service: { readonly path: string } };
    readonly rules: readonly { readonly resources: readonly string[]; readonly operations: readonly string[] }[];
  }[];
}

it('tell apart all that is registered', async () => {
  const kindOf: Readonly<Record<string, string>> = {
    ...{ pods: 'Pod', configmaps: 'ConfigMap' },
    ...Object.fromEntries([AUTHZ_CONFIG, ...WORKLOADS].map(({ resource, kind }) => [resource, kind])),
  };
  const registration = { rules: createRules({ missingReference: 'Warn' }), mutators: MUTATORS };
  const target = { service: { namespace: 'ns', name: 'webhook' } };
  const registered = (webhookConfigurations({ ...registration, target }) as readonly Configuration[])
    .flatMap(({ webhooks }) => webhooks)
    .flatMap(({ clientConfig, rules }) =>
      rules.flatMap(({ resources, operations }) =>
        resources.flatMap((resource) =>
          operations.map((operation) => ({ path: clientConfig.service.path, resource, operation })),
        ),
      ),
    );
  const metrics = createMetrics();
  await ask(
    metrics,
    registered.map(({ path, resource, operation }) => {
      const kind = kindOf[resource] ?? '';
      const group = kind === 'Pod' || kind === 'ConfigMap' ? '' : 'toolhive.stacklok.dev';
      const objects = { object: workload(kind, {}), oldObject: workload(kind, {}) };
      const request = { uid: 'u-1', kind: { group, kind }, operation, ...objects };
      const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
      return { path, contentType: 'application/json', body };
    }),
  );
  const text = await metrics.registry.metrics();
  expect(registered.length).toBeGreaterThan(15);
  expect(text).not.toContain('="other"');
  for (const { path, resource, operation } of registered) {
    expect(text).toContain(
      `webhook="${path.slice(1)}",operation="${operation}",kind="${kindOf[resource] ?? ''}",decision=`,
    );
  }
});

it('have names that say what they count, in base units, and are explained', async () => {
  const { registry } = createMetrics();
  exhaust(registry);
  const metrics = (await registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith('mcp_authz_'));
  const pages = ['operations', 'loop', 'injection'].map((page) => readFileSync(`docs/${page}.md`, 'utf8')).join('');
  const units = { counter: /_total$/, histogram: /_(seconds|bytes)$/ };
  expect(metrics.length).toBeGreaterThan(20);
  for (const { name, type, help } of metrics) {
    const kind = String(type);
    expect(name).toMatch(kind === 'counter' || kind === 'histogram' ? units[kind] : /^(?!.*_total$)/);
    expect(name).not.toMatch(/milli|micro|minutes|hours|percent|_ms$/);
    expect(help.length).toBeGreaterThan(20);
    expect(pages).toContain(`\`${name}`);
  }
});
