import { createCedar } from '../../src/authorizers/index.ts';
import { analyze } from '../../src/authorizers/index.ts';
import { authorizerSpecOf } from '../../src/api/toolhive.ts';
import type { CaseOutcome, TestRunResults } from '../../src/decision-tests/outcome.ts';
import { decide } from '../../src/engine/decide.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { Answer, Rule, RuleInput } from '../../src/rules/contract.ts';
import { decisionTests } from '../../src/rules/decision-tests.ts';
import { usedBy } from '../../src/rules/used-by.ts';
import { present, UNKNOWN } from '../support/answers.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import { config, create, update } from '../support/objects.ts';

const cedar = createCedar();
const OLD = config();
const NEW = config({ config: { policies: ['forbid(principal, action, resource);'] } });
const WATCHED = { annotations: { 'authz.toolhive.stacklok.dev/widening': 'Acknowledge' } };
const HASH = analyze(authorizerSpecOf(NEW), cedar).rendering?.hash ?? '';

function outcome(name: string, more: Partial<CaseOutcome> = {}): CaseOutcome {
  return { configMap: 'tests', name, action: 'Deny', expected: 'allow', after: 'allow', why: 'so', ...more };
}

function results(...outcomes: readonly CaseOutcome[]): TestRunResults {
  return { outcomes, unreadable: [], leftOut: 0, unread: [] };
}

function evaluated(input: RuleInput, answer: Answer<TestRunResults>, rules: readonly Rule[] = [decisionTests]) {
  const answers = createWorldAnswers();
  for (const query of queriesOf(rules, input)) {
    if (query.ask === 'decisionTests') {
      answers.record(query, answer);
    } else if (query.ask === 'analysis') {
      answers.record(query, present(analyze(query.spec, cedar)));
    } else if (query.ask === 'referrers') {
      answers.record(query, present([{ kind: 'MCPServer', name: 'one' }]));
    }
  }
  return evaluate(rules, input, answers);
}

function found(input: RuleInput, answer: Answer<TestRunResults>, rules?: readonly Rule[]): readonly string[] {
  const { findings, failures } = evaluated(input, answer, rules);
  expect(failures).toEqual([]);
  return findings.map(({ level, path, message }) => `${level} ${path}: ${message}`);
}

const TURNED = outcome('weather', { before: 'deny', after: 'allow' });

describe('what the tests say', () => {
  it('is told where a case breaks, with why it does, and each is a cause', () => {
    const broken = ['one', 'two'].map((name) => outcome(name, { after: 'deny', why: 'forbidden by policies[0]' }));
    const decision = decide(evaluated(create(NEW), present(results(...broken))));
    expect(decision.verdict === 'denied' ? decision.status : undefined).toEqual({
      code: 422,
      reason: 'Invalid',
      message:
        '2 problems:\n' +
        '* spec.config: Decision test "one" of ConfigMap "tests" expects allow, and would get deny.\nforbidden by policies[0]\n [decision-tests]\n' +
        '* spec.config: Decision test "two" of ConfigMap "tests" expects allow, and would get deny.\nforbidden by policies[0]\n [decision-tests]',
      causes: ['one', 'two'].map((name) => ({
        reason: 'DecisionTestBroken',
        field: 'spec.config',
        message: `Decision test "${name}" of ConfigMap "tests" expects allow, and would get deny.\nforbidden by policies[0]\n [decision-tests]`,
      })),
    });
  });

  it('is nothing where all pass, and where there are none', () => {
    expect(found(create(NEW), present(results(outcome('one'))))).toEqual([]);
    expect(found(create(NEW), present(results()))).toEqual([]);
    expect(found(create(NEW), { state: 'absent' })).toEqual([]);
  });

  it('lists twenty, those first that the change breaks, and counts the rest', () => {
    const many = Array.from({ length: 25 }, (_, i) => outcome(`old${String(i)}`, { before: 'deny', after: 'deny' }));
    const told = found(update(OLD, NEW), present(results(...many, outcome('new', { before: 'allow', after: 'deny' }))));
    expect(told).toHaveLength(21);
    expect(told.some((line) => line.includes('Decision test "new"'))).toBe(true);
    expect(told.filter((line) => line.includes('6 more decision tests would be broken'))).toHaveLength(1);
  });

  it('is a warning where it was broken before', () => {
    const was = outcome('one', { before: 'deny', after: 'deny' });
    expect(found(update(OLD, NEW), present(results(was)))).toEqual([
      'warn spec.config: Decision test "one" of ConfigMap "tests" expects allow, and would get deny. This was so before the update, which is let through.',
    ]);
    const more = Array.from({ length: 21 }, (_, i) => outcome(String(i), { before: 'deny', after: 'deny' }));
    expect(found(update(OLD, NEW), present(results(...more))).every((line) => line.startsWith('warn '))).toBe(true);
  });

  it('is let through only where it would be refused otherwise', () => {
    const was = outcome('one', { before: 'deny', after: 'deny', action: 'Warn' });
    expect(found(update(OLD, NEW), present(results(was)))).toEqual([
      'warn spec.config: Decision test "one" of ConfigMap "tests" expects allow, and would get deny.',
    ]);
  });

  it('is told under names that a program can tell apart, each case by itself', () => {
    const many = Array.from({ length: 21 }, (_, i) => outcome(String(i), { after: 'deny' }));
    const told = { ...results(...many), unread: ['big'] };
    const { findings } = evaluated(create(NEW), present(told));
    const names = findings.map(({ reason, subject }) => `${reason} ${subject?.replace('\n', '/') ?? ''}`);
    expect(new Set(names).size).toBe(22);
    expect(names).toEqual(
      expect.arrayContaining(['DecisionTestBroken tests/0', 'MoreDecisionTestsBroken more', 'DecisionTestsUnread ']),
    );
  });

  it.each([
    [1, 'ConfigMap "0"'],
    [20, /^ConfigMaps "0", .*, "19"$/],
    [21, /^ConfigMaps "0", .*, "19" and 1 more$/],
  ])('names %s ConfigMaps that were not read to the end, twenty at most', (count, names) => {
    const unread = Array.from({ length: count }, (_, i) => String(i));
    const [told] = found(create(NEW), present({ ...results(), unread }));
    const [, listed] = /The decision tests of (.*) were not read to the end/.exec(told ?? '') ?? [];
    expect(listed).toMatch(names);
  });

  it('is a warning where it could not be found out, or not wholly', () => {
    expect(found(create(NEW), UNKNOWN)).toEqual([
      'warn spec.config: The decision tests of this config could not be run: the API server did not answer.',
    ]);
    const partly = {
      outcomes: [],
      unreadable: [{ configMap: 'tests', message: 'data: nothing' }],
      leftOut: 3,
      unread: ['big', 'more'],
      undecidable: 'a config of type httpv1 leaves decisions to its decision point',
    };
    expect(found(create(NEW), present(partly))).toEqual([
      'warn spec.config: 3 decision tests were not run, for want of time or room: whether this change breaks them is not known. "mcp-authz test" runs them all.',
      'warn spec.config: ConfigMap "tests" has decision tests that cannot be read: data: nothing.',
      'warn spec.config: No decision test was run: a config of type httpv1 leaves decisions to its decision point.',
      'warn spec.config: The decision tests of ConfigMaps "big", "more" were not read to the end, for want of time or room: whether this change breaks them is not known.',
    ]);
  });
});

describe('a change that allows more', () => {
  const REFUSED =
    'deny metadata.annotations: This change allows what was denied ("weather"), which has to be acknowledged here: ' +
    `set authz.toolhive.stacklok.dev/acknowledge-widening: "${HASH.slice(0, 8)}".`;
  const acknowledged = (hash: string, annotations: Record<string, string> = {}): ReturnType<typeof config> => ({
    ...NEW,
    metadata: {
      ...NEW.metadata,
      annotations: { ...annotations, 'authz.toolhive.stacklok.dev/acknowledge-widening': hash },
    },
  });

  it.each([
    ['passes where nobody asks', OLD, NEW, []],
    ['is refused where the new config asks', OLD, { ...NEW, metadata: { ...NEW.metadata, ...WATCHED } }, [REFUSED]],
    ['is refused where the stored config asks', config({}, WATCHED), NEW, [REFUSED]],
    ['passes with the hash', config({}, WATCHED), acknowledged(HASH), []],
    ['passes with eight digits of it', config({}, WATCHED), acknowledged(HASH.slice(0, 8)), []],
    ['is refused with fewer', config({}, WATCHED), acknowledged(HASH.slice(0, 7)), [REFUSED]],
    ['is refused with the hash of something else', config({}, WATCHED), acknowledged('0'.repeat(64)), [REFUSED]],
  ])('%s', (_what, before, after, expected) => {
    expect(found(update(before, after), present(results(TURNED)))).toEqual(expected);
  });

  it('is not asked about where nothing is opened', () => {
    const closed = outcome('weather', { before: 'allow', after: 'deny', expected: 'deny' });
    expect(found(update(config({}, WATCHED), NEW), present(results(closed)))).toEqual([]);
  });

  it('is left to the failure policy where nobody could look', () => {
    expect(found(update(config({}, WATCHED), NEW), UNKNOWN)[0]).toMatch(/^unknown spec\.config: /);
  });
});

describe('the warning of used-by', () => {
  it('names what turns', () => {
    const closed = outcome('radar', { before: 'allow', after: 'deny', expected: 'deny' });
    expect(
      found(update(OLD, NEW), present(results(TURNED, closed, outcome('same', { before: 'allow' }))), [usedBy]),
    ).toEqual([
      'warn spec: This change reaches 1 workload: MCPServer "one". Of its decision tests turn from allow to deny: "radar"; from deny to allow: "weather".',
    ]);
  });

  it('names five of them and counts the rest', () => {
    const many = Array.from({ length: 7 }, (_, i) => outcome(String(i), { before: 'allow', after: 'deny' }));
    expect(found(update(OLD, NEW), present(results(...many)), [usedBy])[0]).toMatch(
      /turn from allow to deny: "0", "1", "2", "3", "4" and 2 more\.$/,
    );
  });

  it('asks the same question as the rule, once', () => {
    const asked = queriesOf([usedBy, decisionTests], update(OLD, NEW)).filter(({ ask }) => ask === 'decisionTests');
    expect(asked).toHaveLength(1);
  });
});

it('an update of the annotations alone is not asked', () => {
  const after = config({}, { annotations: { x: 'y' } });
  expect(queriesOf([decisionTests], update(OLD, after))).toEqual([]);
});
