/** Reasons, refusals and causes: what machines read of a finding, and what stands at the edge of a list. */
import type { CaseOutcome, TestRunResults } from '../../src/decision-tests/outcome.ts';
import type { RuleFinding } from '../../src/engine/evaluate.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { Answer, Query, Rule, RuleInput } from '../../src/rules/contract.ts';
import { DEFAULT_POLICY } from '../../src/rules/contract.ts';
import { decisionTests } from '../../src/rules/decision-tests.ts';
import { cedarLint } from '../../src/rules/cedar-lint.ts';
import { deletionProtection } from '../../src/rules/deletion-protection.ts';
import { createReferenceRule } from '../../src/rules/reference.ts';
import { usedBy } from '../../src/rules/used-by.ts';
import { ABSENT, NAMESPACE, present, UNKNOWN } from '../support/answers.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import {
  config,
  create,
  remove,
  resolved,
  server,
  update,
  VALID,
  virtualServer,
  workload,
} from '../support/objects.ts';

type Given = Partial<Record<Query['ask'], Answer<never>>>;

/** Every question of a kind gets the same answer; where none is given, none is known. */
function found(rule: Rule, input: RuleInput, given: Readonly<Record<string, Answer<unknown>>>): readonly RuleFinding[] {
  const answers = createWorldAnswers();
  for (const query of queriesOf([rule], input)) {
    answers.record(query, (given as Given)[query.ask] ?? UNKNOWN);
  }
  const { findings, failures } = evaluate([rule], input, answers);
  expect(failures).toEqual([]);
  return findings;
}

const reasons = (findings: readonly RuleFinding[]): readonly string[] =>
  findings.map(({ level, reason, refusal }) => `${level} ${reason} ${refusal ?? '-'}`);
const NAMES = (count: number, kind = 'MCPServer'): readonly { readonly kind: string; readonly name: string }[] =>
  Array.from({ length: count }, (_, i) => ({ kind, name: `w${String(i)}` }));

describe('reference', () => {
  const rule = createReferenceRule(DEFAULT_POLICY);
  const input = create(server({ authzConfigRef: { name: 'a' } }));
  const virtual = create(virtualServer({ authzConfigRef: { name: 'a' } }));

  it.each<[string, RuleInput, Record<string, Answer<unknown>>, readonly string[]]>([
    ['is not known', input, { authzConfig: UNKNOWN }, ['unknown ReferenceUnknown -']],
    ['is missing', input, { authzConfig: ABSENT, namespace: NAMESPACE }, ['warn ReferenceNotFound -']],
    [
      'is on its way out',
      input,
      { authzConfig: present(resolved({}, { deletionTimestamp: '2026-11-24T00:00:00Z' })) },
      ['deny ReferenceTerminating Conflict'],
    ],
    [
      'is not valid',
      input,
      { authzConfig: present(resolved({ problems: [{ path: 'spec', reason: 'Bad', message: 'bad' }] })) },
      ['deny ReferenceInvalid -'],
    ],
    [
      'is of a type that cannot be carried',
      virtual,
      { authzConfig: present(resolved({ type: 'httpv1' })) },
      ['deny UnsupportedAuthorizerType -'],
    ],
    ['is fine', input, { authzConfig: present(resolved()) }, []],
  ])('that %s', (_what, request, given, expected) => {
    expect(reasons(found(rule, request, given))).toEqual(expected);
  });

  it('of no workload that refers asks nothing', () => {
    expect(rule.queries(create(server()))).toEqual([]);
    expect(found(rule, create(server()), {})).toEqual([]);
  });
});

it('cedar-lint says nothing where nothing is known', () => {
  for (const analysis of [ABSENT, UNKNOWN]) {
    expect(found(cedarLint, create(config()), { analysis })).toEqual([]);
  }
});

describe('used-by', () => {
  const http = config({ type: 'httpv1', config: {} });
  const edited = config({ config: { policies: ['forbid(principal, action, resource);'] } });

  it('names each workload that a change of type breaks, twenty of them', () => {
    const change = (count: number): readonly RuleFinding[] =>
      found(usedBy, update(config(), http), { referrers: present(NAMES(count, 'VirtualMCPServer')) });
    expect(change(2)).toMatchObject([
      {
        reason: 'TypeChangeBreaksWorkloads',
        refusal: 'Conflict',
        message: expect.stringContaining('"w0", VirtualMCPServer "w1" refer to it') as string,
        causes: [
          {
            reason: 'TypeChangeBreaksWorkloads',
            message: 'VirtualMCPServer "w0" supports only cedarv1',
            field: 'spec.type',
          },
          {
            reason: 'TypeChangeBreaksWorkloads',
            message: 'VirtualMCPServer "w1" supports only cedarv1',
            field: 'spec.type',
          },
        ],
      },
    ]);
    expect(change(22)[0]?.causes).toHaveLength(20);
  });

  it('says whom a change reaches, and that it does not know', () => {
    expect(reasons(found(usedBy, update(config(), edited), { referrers: present(NAMES(1)) }))).toEqual([
      'warn ReachesWorkloads -',
    ]);
    expect(reasons(found(usedBy, update(config(), edited), {}))).toEqual(['warn ReferrersUnknown -']);
    expect(reasons(found(usedBy, update(config(), http), {}))).toEqual(['unknown ReferrersUnknown -']);
  });

  it('knows workloads of kinds that are new', () => {
    const referrers = present([{ kind: 'MCPRegistry', name: 'r' }]);
    expect(reasons(found(usedBy, update(config(), http), { referrers }))).toEqual(['warn ReachesWorkloads -']);
  });

  it('lists twenty, and the cases that turn, five', () => {
    const outcomes = (count: number): readonly CaseOutcome[] => NAMES(count).map(({ name }) => turned(name));
    const message = (users: number, cases: number): string =>
      found(usedBy, update(config(), edited), {
        referrers: present(NAMES(users)),
        analysis: present({ ...VALID, rendering: undefined }),
        decisionTests: present(results(...outcomes(cases))),
      })[0]?.message ?? '';
    expect(message(20, 0)).toMatch(/"w18", MCPServer "w19"\.$/);
    expect(message(21, 0)).toMatch(/"w18", MCPServer "w19" and 1 more\.$/);
    expect(message(1, 5)).toMatch(/turn from deny to allow: "w0", "w1", "w2", "w3", "w4"\.$/);
    expect(message(1, 6)).toMatch(/turn from deny to allow: "w0", "w1", "w2", "w3", "w4" and 1 more\.$/);
  });
});

describe('deletion-protection', () => {
  const deletion = remove(config());

  it('counts in the singular and in the plural, and lists twenty', () => {
    const message = (count: number): string =>
      found(deletionProtection, deletion, { namespace: NAMESPACE, referrers: present(NAMES(count)) })[0]?.message ?? '';
    expect(message(1)).toContain('in use by 1 workload: MCPServer "w0". Remove');
    expect(message(20)).toMatch(/in use by 20 workloads: .*"w19"\. Remove/);
    expect(message(21)).toMatch(/in use by 21 workloads: .*"w19" and 1 more\. Remove/);
  });

  it('does not know, of the object as a whole', () => {
    expect(found(deletionProtection, deletion, { namespace: NAMESPACE })).toMatchObject([
      { level: 'unknown', path: '', reason: 'ReferrersUnknown' },
    ]);
  });

  it('protects where nothing is known of the namespace', () => {
    expect(reasons(found(deletionProtection, deletion, { referrers: present(NAMES(1)) }))).toEqual([
      'deny ReferencedByWorkloads Conflict',
    ]);
  });

  describe('of a config whose glass is broken', () => {
    const ANNOTATION = 'authz.toolhive.stacklok.dev/break-glass';
    const PATH = `metadata.annotations[${ANNOTATION}]`;
    const annotated = (text: string): ReturnType<typeof config> => config({}, { annotations: { [ANNOTATION]: text } });
    const open = remove(annotated('2026-11-24T01:00:00Z INC-1'));
    const used = { namespace: NAMESPACE, referrers: present(NAMES(1)) };

    it.each<[string, RuleInput, Record<string, Answer<unknown>>, readonly object[]]>([
      ['is honoured where it is used', open, { ...used, mayBypass: present(true) }, [{ level: 'audit', path: PATH }]],
      ['is not told of where nobody refers', open, { ...used, referrers: present([]), mayBypass: present(true) }, []],
      ['nor where nobody could', open, { ...used, referrers: ABSENT, mayBypass: present(true) }, []],
      [
        'is not honoured for everybody',
        open,
        { ...used, mayBypass: present(false) },
        [
          { reason: 'ReferencedByWorkloads' },
          {
            level: 'deny',
            path: PATH,
            reason: 'BreakGlassForbidden',
            refusal: 'Forbidden',
            message:
              'The break-glass annotation is not honoured: user "alice" is not granted the verb "bypass" on mcpauthzconfigs in namespace "ns".',
          },
        ],
      ],
      [
        'nor where nobody says so',
        open,
        { ...used, mayBypass: ABSENT },
        [{ reason: 'ReferencedByWorkloads' }, { reason: 'BreakGlassForbidden' }],
      ],
      [
        'nor where it is not known',
        open,
        { ...used, mayBypass: UNKNOWN },
        [
          { reason: 'ReferencedByWorkloads' },
          {
            level: 'unknown',
            path: PATH,
            message: 'Whether user "alice" may break the glass could not be found out: the API server did not answer.',
          },
        ],
      ],
      [
        'nor when it has expired',
        remove(annotated('2026-11-23T01:00:00Z INC-1')),
        used,
        [{ reason: 'ReferencedByWorkloads' }, { path: PATH, reason: 'BreakGlassUnusable', refusal: 'Conflict' }],
      ],
    ])('%s', (_what, input, given, expected) => {
      expect(found(deletionProtection, input, given)).toMatchObject(expected);
      expect(found(deletionProtection, input, given)).toHaveLength(expected.length);
    });

    it('asks who may only where somebody asks and it is open', () => {
      const asks = (input: RuleInput): readonly string[] =>
        queriesOf([deletionProtection], input).map(({ ask }) => ask);
      expect(asks(open)).toEqual(['referrers', 'namespace', 'mayBypass']);
      expect(asks(remove(annotated('2026-11-23T01:00:00Z INC-1')))).toEqual(['referrers', 'namespace']);
      const { operation, oldObject, namespace, name, now } = open;
      const nobody: RuleInput = { operation, oldObject, namespace, name, now };
      expect(asks(nobody)).toEqual(['referrers', 'namespace']);
      expect(reasons(found(deletionProtection, nobody, used))).toEqual(['deny ReferencedByWorkloads Conflict']);
    });
  });
});

function turned(name: string): CaseOutcome {
  return outcome(name, { before: 'deny', after: 'allow' });
}

function outcome(name: string, more: Partial<CaseOutcome> = {}): CaseOutcome {
  return { configMap: 'tests', name, action: 'Deny', expected: 'allow', after: 'allow', why: 'so', ...more };
}

function results(...outcomes: readonly CaseOutcome[]): TestRunResults {
  return { outcomes, unreadable: [], leftOut: 0, unread: [] };
}

describe('decision-tests', () => {
  const told = (run: TestRunResults, input: RuleInput = create(config())): readonly string[] =>
    found(decisionTests, input, { decisionTests: present(run), analysis: present(VALID) }).map(
      ({ level, path, reason, message }) => `${level} ${path} ${reason}: ${message}`,
    );
  const broken = (count: number, action: 'Deny' | 'Warn'): readonly CaseOutcome[] =>
    NAMES(count).map(({ name }) => outcome(name, { action, after: 'deny' }));

  it('refuse or warn as each says', () => {
    expect(told(results(...broken(1, 'Deny')))[0]).toMatch(/^deny spec\.config DecisionTestBroken: /);
    expect(told(results(...broken(1, 'Warn')))[0]).toMatch(/^warn spec\.config DecisionTestBroken: /);
  });

  it.each<[string, readonly CaseOutcome[], string]>([
    ['warn', [...broken(20, 'Warn'), ...broken(2, 'Warn')], 'warn'],
    ['refuse where one of them does', [...broken(21, 'Warn'), ...broken(1, 'Deny')], 'deny'],
    ['refuse where all of them do', [...broken(20, 'Warn'), ...broken(2, 'Deny')], 'deny'],
  ])('of which more than twenty break %s', (_how, outcomes, level) => {
    expect(told(results(...outcomes))).toContain(
      `${level} spec.config MoreDecisionTestsBroken: 2 more decision tests would be broken; "mcp-authz test" shows them all.`,
    );
  });

  it('that could not be run are told, each for its reason', () => {
    const run = {
      ...results(),
      unreadable: [{ configMap: 'm', message: 'no YAML' }],
      leftOut: 3,
      undecidable: 'asked',
    };
    expect(told(run)).toEqual([
      'warn spec.config DecisionTestsLeftOut: 3 decision tests were not run, for want of time or room: whether this change breaks them is not known. "mcp-authz test" runs them all.',
      'warn spec.config DecisionTestsUnreadable: ConfigMap "m" has decision tests that cannot be read: no YAML.',
      'warn spec.config DecisionTestsUndecidable: No decision test was run: asked.',
    ]);
  });

  it('that are not known are a warning', () => {
    expect(reasons(found(decisionTests, create(config()), {}))).toEqual(['warn DecisionTestsUnknown -']);
  });

  describe('of a config that wants widening acknowledged', () => {
    const WATCHED = { annotations: { 'authz.toolhive.stacklok.dev/widening': 'Acknowledge' } };
    const change = update(config(), config({ config: {} }, WATCHED));
    const run = (analysis: Answer<unknown>, outcomes: readonly CaseOutcome[]): readonly string[] =>
      found(decisionTests, change, { decisionTests: present(results(...outcomes)), analysis }).map(
        ({ level, path, reason, message }) => `${level} ${path} ${reason}: ${message}`,
      );

    it.each<[string, readonly CaseOutcome[]]>([
      ['was allowed', [outcome('x', { before: 'allow', after: 'allow' })]],
      ['stays denied', [outcome('x', { before: 'deny', after: 'deny', expected: 'deny' })]],
      ['is new', [outcome('x')]],
    ])('what %s widens nothing', (_what, outcomes) => {
      expect(run(present(VALID), outcomes)).toEqual([]);
    });

    it('names twenty cases, and what to write', () => {
      const message = (count: number): string =>
        run(
          present(VALID),
          NAMES(count).map(({ name }) => turned(name)),
        )[0] ?? '';
      expect(message(2)).toBe(
        'deny metadata.annotations WideningNotAcknowledged: This change allows what was denied ("w0", "w1"), which has to ' +
          'be acknowledged here: set authz.toolhive.stacklok.dev/acknowledge-widening: "f00d".',
      );
      expect(message(20)).toMatch(/"w19"\), which/);
      expect(message(21)).toMatch(/"w19" and 1 more\), which/);
    });

    it.each([
      ['is not known', UNKNOWN],
      ['cannot be rendered', present({ ...VALID, rendering: undefined })],
    ])('is left open where the config %s', (_what, analysis) => {
      expect(run(analysis, [turned('x')])[0]).toMatch(/^unknown metadata\.annotations .*acknowledge-widening: ""\.$/);
    });
  });

  it('ask for what was decided before only where there was something', () => {
    const asked = (input: RuleInput): unknown => queriesOf([decisionTests], input)[0];
    expect(asked(create(config()))).not.toHaveProperty('before');
    expect(asked(update(config(), config({ config: {} })))).toHaveProperty('before', {
      type: 'cedarv1',
      config: { policies: ['permit(principal, action, resource);'] },
    });
  });
});

it('a workload of a new kind may refer to any type', () => {
  const input = create(workload('MCPServer', { image: 'x', authzConfigRef: { name: 'a' } }));
  const given = { authzConfig: present(resolved({ type: 'httpv1' })) };
  expect(found(createReferenceRule(DEFAULT_POLICY), input, given)).toEqual([]);
});
