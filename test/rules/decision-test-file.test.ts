import type { KubernetesObject } from '../../src/api/objects.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { RuleInput } from '../../src/rules/contract.ts';
import { decisionTestFile } from '../../src/rules/decision-test-file.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import { create, update } from '../support/objects.ts';

const CASE = '{ name: all, call: { id: x }, expect: deny }';

function tests(
  data: Record<string, string> | undefined,
  config: string | null = 'a',
  action = 'Deny',
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'tests',
      namespace: 'ns',
      labels: config === null ? {} : { 'authz.toolhive.stacklok.dev/decision-tests': config },
      annotations: { 'authz.toolhive.stacklok.dev/decision-tests-action': action },
    },
    ...(data === undefined ? {} : { data }),
  };
}

function found(input: RuleInput): readonly string[] {
  const world = clusterWorld([])(queriesOf([decisionTestFile], input));
  const { findings, failures } = evaluate([decisionTestFile], input, world);
  expect(failures).toEqual([]);
  return findings.map(({ level, path, message }) => `${level} ${path}: ${message}`);
}

const GOOD = tests({ 'a.yaml': `cases: [${CASE}]` });
const BROKEN = tests({ 'a.yaml': 'cases: []' });
const DENIED =
  'deny data["a.yaml"]: These decision tests cannot be read: cases: spec.cases must be a list of at least one case.';

describe('a ConfigMap with decision tests', () => {
  it.each([
    [
      'nothing in it',
      tests(undefined),
      'data: These decision tests cannot be read: there are no decision tests in it.',
    ],
    ['no YAML', tests({ 'a.yaml': 'cases: [' }), 'data["a.yaml"]: These decision tests cannot be read: '],
    [
      'no map',
      tests({ 'a.yaml': '- 1' }),
      'data["a.yaml"]: These decision tests cannot be read: expected a map with "cases".',
    ],
    [
      'tests of another config',
      tests({ 'a.yaml': `{kind: DecisionTest, spec: {config: {name: b}, cases: [${CASE}]}}` }),
      'it is about MCPAuthzConfig "b", but the label of its ConfigMap names "a".',
    ],
    [
      'an unknown action',
      tests({ 'a.yaml': `cases: [${CASE}]` }, 'a', 'Audit'),
      'metadata.annotations: These decision tests cannot be read: "Audit" is neither Deny nor Warn.',
    ],
    [
      'a label that names nothing',
      tests({ 'a.yaml': `cases: [${CASE}]` }, ''),
      'metadata.labels: These decision tests cannot be read: the label authz.toolhive.stacklok.dev/decision-tests has to name an MCPAuthzConfig.',
    ],
    ['more text than is read', tests({ 'a.yaml': ' '.repeat(300_000) }), 'it is no text of at most 262144 characters.'],
    [
      'aliases without end',
      tests({
        'a.yaml':
          'a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n',
      }),
      'data["a.yaml"]: These decision tests cannot be read: ',
    ],
  ])('is refused with %s', (_what, object, message) => {
    const [first = ''] = found(create(object));
    expect(first).toContain(message);
    expect(first).toMatch(/^deny /);
  });

  it('passes where it can be read, and where the label is gone', () => {
    expect(found(create(GOOD))).toEqual([]);
    expect(found(update(BROKEN, tests({ 'a.yaml': 'x' }, null)))).toEqual([]);
  });

  it('is asked again only where the tests change, and keeps what was wrong', () => {
    expect(found(update(GOOD, BROKEN))).toEqual([DENIED]);
    expect(found(update(BROKEN, { ...BROKEN, metadata: { ...BROKEN.metadata, resourceVersion: '9' } }))).toEqual([]);
    const more = tests({ 'a.yaml': 'cases: []', 'b.yaml': `cases: [${CASE}]` });
    expect(found(update(BROKEN, more))).toEqual([
      `${DENIED.replace('deny', 'warn')} This was so before the update, which is let through.`,
    ]);
  });

  it('is left to the failure policy where nobody could look', () => {
    const { findings } = evaluate([decisionTestFile], create(GOOD), createWorldAnswers());
    expect(findings).toEqual([
      {
        ruleId: 'decision-test-file',
        level: 'unknown',
        path: 'data',
        reason: 'DecisionTestsUnknown',
        message: 'Whether these decision tests can be read could not be found out: the question was not asked.',
      },
    ]);
  });

  it('passes where there is no answer to be had', () => {
    const answers = createWorldAnswers();
    for (const query of queriesOf([decisionTestFile], create(BROKEN))) {
      answers.record(query, { state: 'absent' });
    }
    expect(evaluate([decisionTestFile], create(BROKEN), answers)).toEqual({ findings: [], failures: [] });
  });

  it('is asked about only where its label names a config', () => {
    expect(decisionTestFile.queries(create(tests({}, '')))).toEqual([]);
    expect(decisionTestFile.queries(create(tests({}, null)))).toEqual([]);
    expect(decisionTestFile.queries(create(GOOD))).toMatchObject([{ ask: 'decisionTestFaults', config: 'a' }]);
  });

  it('is told as invalid', () => {
    const world = clusterWorld([])(queriesOf([decisionTestFile], create(BROKEN)));
    expect(evaluate([decisionTestFile], create(BROKEN), world).findings).toMatchObject([
      { reason: 'DecisionTestInvalid' },
    ]);
  });
});
