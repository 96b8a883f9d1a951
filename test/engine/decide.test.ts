import { decide } from '../../src/engine/decide.ts';
import type { RuleFinding } from '../../src/engine/evaluate.ts';

function finding(extra: Partial<RuleFinding>): RuleFinding {
  return { ruleId: 'some-rule', level: 'deny', path: 'spec.x', reason: 'Bad', message: 'It is bad.', ...extra };
}

const failure = { ruleId: 'broken', error: new Error('boom') };

describe('decide', () => {
  it('allows when nothing was found', () => {
    expect(decide({ findings: [], failures: [] })).toEqual({ verdict: 'allowed', warnings: [], audit: [] });
  });

  it('refuses with the finding as message and cause', () => {
    expect(decide({ findings: [finding({})], failures: [] })).toEqual({
      verdict: 'denied',
      status: {
        code: 422,
        reason: 'Invalid',
        message: 'spec.x: It is bad. [some-rule]',
        causes: [{ reason: 'Bad', message: 'It is bad. [some-rule]', field: 'spec.x' }],
      },
      warnings: [],
      audit: [],
    });
  });

  it('shows the detail below the sentence, and every problem', () => {
    const decision = decide({
      findings: [finding({ detail: '  permit(\n  ^' }), finding({ path: '', message: 'Worse.' })],
      failures: [],
    });
    expect(decision.verdict === 'denied' && decision.status.message).toBe(
      '2 problems:\n* spec.x: It is bad.\n  permit(\n  ^\n [some-rule]\n* Worse. [some-rule]',
    );
  });

  it.each([
    [['Conflict'], 409, 'Conflict'],
    [['Forbidden'], 403, 'Forbidden'],
    [['Forbidden', 'Conflict'], 409, 'Conflict'],
    [['Conflict', 'Invalid'], 422, 'Invalid'],
    [['Conflict', undefined], 422, 'Invalid'],
  ] as const)('answers %j with %d', (refusals, code, reason) => {
    const decision = decide({
      findings: refusals.map((refusal) => finding(refusal === undefined ? {} : { refusal })),
      failures: [],
    });
    expect(decision.verdict === 'denied' && [decision.status.code, decision.status.reason]).toEqual([code, reason]);
  });

  it('gives the causes that a finding names instead of the finding', () => {
    const causes = [{ reason: 'R', message: 'm', field: 'f' }];
    const decision = decide({ findings: [finding({ causes })], failures: [] });
    expect(decision.verdict === 'denied' && decision.status.causes).toEqual(causes);
  });

  it('keeps warnings and audit findings beside a refusal', () => {
    const warning = finding({ level: 'warn', message: 'Mind this.' });
    const audit = finding({ level: 'audit' });
    const decision = decide({ findings: [finding({}), warning, audit], failures: [failure] });
    expect(decision).toMatchObject({ verdict: 'denied', warnings: ['spec.x: Mind this. [some-rule]'], audit: [audit] });
  });

  it.each([
    ['a rule that failed', { findings: [], failures: [failure] }, 500, 'internal error in rule "broken"'],
    [
      'rules that failed',
      { findings: [], failures: [failure, { ...failure, ruleId: 'other' }] },
      500,
      'internal error in rule "broken", rule "other"',
    ],
    [
      'open questions',
      {
        findings: [finding({ level: 'unknown', message: 'One.' }), finding({ level: 'unknown', message: 'Two.' })],
        failures: [],
      },
      503,
      'One. Two.',
    ],
    [
      'an open question',
      { findings: [finding({ level: 'unknown', message: 'Not known.' })], failures: [] },
      503,
      'Not known.',
    ],
  ])('leaves the decision to the failure policy for %s', (_title, evaluation, code, why) => {
    expect(decide(evaluation)).toEqual({ verdict: 'undecided', code, why });
  });

  it('keeps warnings within what the API server passes on, and counts the rest', () => {
    const findings = Array.from({ length: 100 }, (_, i) =>
      finding({ level: 'warn', message: `Warning ${String(i)} ${'x'.repeat(100)}` }),
    );
    const decision = decide({ findings, failures: [] });
    const warnings = decision.verdict === 'allowed' ? decision.warnings : [];
    expect(warnings.join('').length).toBeLessThan(4096);
    expect(warnings.at(-1)).toBe(
      `${String(100 - warnings.length + 1)} more warnings; "mcp-authz check" shows them all.`,
    );
  });

  it('cuts a single warning that alone would use the room of all', () => {
    const decision = decide({ findings: [finding({ level: 'warn', message: 'x'.repeat(5000) })], failures: [] });
    expect(decision.verdict === 'allowed' && decision.warnings.map((text) => text.length)).toEqual([951]);
  });

  it('uses all of the room, and no more', () => {
    const prefix = 'spec.x: '.length + ' [some-rule]'.length;
    const warnings = (...lengths: readonly number[]): readonly number[] => {
      const findings = lengths.map((length, index) =>
        finding({ level: 'warn', message: `${String(index)}${'x'.repeat(length - prefix - 1)}` }),
      );
      const decision = decide({ findings, failures: [] });
      return decision.verdict === 'allowed' ? decision.warnings.map((text) => text.length) : [];
    };
    const rest = '1 more warnings; "mcp-authz check" shows them all.'.length;
    expect(warnings(950)).toEqual([950]);
    expect(warnings(950, 950, 950, 950)).toEqual([950, 950, 950, 950]);
    expect(warnings(950, 950, 950, 949, 30)).toEqual([950, 950, 950, 949, rest]);
  });
});
