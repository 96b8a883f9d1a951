/** What every rule has, and that whoever asks gets the same answer. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { createValidatingHandler } from '../../src/admission/handler.ts';
import { createAdmissionListener } from '../../src/admission/listener.ts';
import { allowed, denied, encodeReview } from '../../src/admission/response.ts';
import type { AdmissionRequest } from '../../src/api/admission.ts';
import { resourceOfKind } from '../../src/api/toolhive.ts';
import { decide } from '../../src/engine/decide.ts';
import type { Evaluation } from '../../src/engine/evaluate.ts';
import { MUTATORS } from '../../src/injection/index.ts';
import { DEFAULT_POLICY, type Rule } from '../../src/rules/contract.ts';
import { createRules } from '../../src/rules/index.ts';
import { createOfflineRules } from '../../src/rules/offline.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { checkChange } from '../support/cli.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import { fixtureRules, fixtures, type Fixture } from '../support/fixtures.ts';
import { NOW } from '../support/objects.ts';

const ROOT = join(import.meta.dirname, '../..');
const RULES = createRules(DEFAULT_POLICY);
/** Those that a webhook cannot be asked: what they are about is gone before it sees the object. */
const OFFLINE = createOfflineRules();
const ALL = [...RULES, ...OFFLINE];
const CASES = fixtures().map((fixture) => [`${fixture.rule}/${fixture.folder}/${fixture.name}`, fixture] as const);

function ask({ input, cluster }: Fixture, rules: readonly Rule[] = ALL): Evaluation {
  return evaluate(rules, input, clusterWorld(cluster)(queriesOf(rules, input)));
}

describe.each(ALL.map((rule) => [rule.id, rule] as const))('the rule %s', (id, rule) => {
  it('has a file, a test, a page that names it, and a sentence', () => {
    expect(existsSync(join(ROOT, `src/rules/${id}.ts`))).toBe(true);
    expect(existsSync(join(ROOT, `test/rules/${id}.test.ts`))).toBe(true);
    const page = readFileSync(join(ROOT, `docs/rules/${id}.md`), 'utf8');
    expect(page.split('\n')[0]).toBe(`# ${id}`);
    expect(page).toMatch(/When not to (use|heed)/);
    expect(rule.title).toMatch(/^[A-Z].*\.$/);
  });

  it('has fixtures of what it lets pass and of what it does not', () => {
    const folders = new Set(CASES.filter(([, fixture]) => fixture.rule === id).map(([, { folder }]) => folder));
    expect(folders.has('allow')).toBe(true);
    expect(folders.has('deny') || folders.has('warn')).toBe(true);
  });
});

it('every folder of fixtures belongs to a rule', () => {
  const known = new Set(ALL.map(({ id }) => id));
  expect(fixtureRules().filter((folder) => !known.has(folder))).toEqual([]);
});

it('every mutator has a page', () => {
  for (const { id } of MUTATORS) {
    expect(existsSync(join(ROOT, `docs/rules/${id}.md`))).toBe(true);
  }
});

describe.each(CASES)('%s', (_title, fixture) => {
  it('is answered by the server with the same findings', async () => {
    const { findings, failures } = ask(fixture, RULES);
    const decision = decide({ findings, failures });
    const review = admissionRequest(fixture);
    const direct =
      decision.verdict === 'denied'
        ? denied(review, decision)
        : decision.verdict === 'allowed'
          ? allowed(review, decision, [])
          : undefined;
    const response = await request(listener(fixture)).post('/validate').send({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: review,
    });
    expect(response.status).toBe(200);
    expect(direct).toBeDefined();
    expect(response.text).toBe(direct === undefined ? '' : encodeReview(direct));
  });

  it('is answered by the command line with the same findings', async () => {
    const { findings } = ask(fixture);
    const told = findings.map(({ level, ruleId, path, reason, message, detail }) => ({
      level,
      rule: ruleId,
      path,
      reason,
      message: detail === undefined ? message : `${message}\n${detail}`,
    }));
    const report = await checkChange(fixture);
    expect(new Set(report.findings.map((finding) => JSON.stringify(finding)))).toEqual(
      new Set(told.map((finding) => JSON.stringify(finding))),
    );
    expect(report.exitCode).toBe(findings.some(({ level }) => level === 'deny') ? 1 : 0);
  });
});

function listener({ cluster }: Fixture): ReturnType<typeof createAdmissionListener> {
  const world = clusterWorld(cluster);
  const validate = createValidatingHandler(() => RULES, {
    resolve: (queries) => Promise.resolve(world(queries)),
    now: () => NOW,
  });
  const silent = (): void => undefined;
  return createAdmissionListener({
    validate,
    mutate: validate,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: createMetrics(),
    clock: () => 0,
  });
}

function admissionRequest({ input }: Fixture): AdmissionRequest {
  const subject = input.object ?? input.oldObject;
  const [group = '', version = ''] = subject.apiVersion.split('/');
  return {
    uid: 'u',
    kind: { group, version, kind: subject.kind },
    resource: { group, version, resource: resourceOfKind(subject.kind) ?? '' },
    subResource: '',
    name: input.name,
    namespace: input.namespace,
    operation: input.operation,
    userInfo: input.user ?? { username: '', groups: [] },
    object: input.object,
    oldObject: input.oldObject,
    dryRun: false,
  };
}
