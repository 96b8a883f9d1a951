import { authzConfig } from '../../src/rules/authz-config.ts';
import type { Analysis } from '../../src/authorizers/analysis.ts';
import type { Answer } from '../../src/rules/contract.ts';
import { ABSENT, answers, present, UNKNOWN } from '../support/answers.ts';
import { evaluate } from '../support/evaluation.ts';
import { config, create, update, VALID } from '../support/objects.ts';

const PROBLEM = {
  path: 'spec.config.policies[0]',
  reason: 'PolicySyntax',
  message: 'A policy ends with ";".',
  detail: 'permit(principal, action, resource)\n                                   ^',
  subject: 'digest',
};

function found(answer: Answer<Analysis>): readonly object[] {
  return evaluate([authzConfig], create(config()), answers({ analyses: [[config(), answer]] })).findings;
}

describe('an authorization config', () => {
  it('without problems passes', () => {
    expect(found(present(VALID))).toEqual([]);
  });

  it('with problems is refused with all of them, as they are', () => {
    expect(found(present({ ...VALID, problems: [PROBLEM, { ...PROBLEM, path: 'spec.type' }] }))).toEqual([
      { ...PROBLEM, level: 'deny', ruleId: 'authz-config' },
      { ...PROBLEM, path: 'spec.type', level: 'deny', ruleId: 'authz-config' },
    ]);
  });

  it.each([
    ['that could not be analyzed', UNKNOWN, 'the API server did not answer'],
    ['that has no analysis', ABSENT, 'there is no answer'],
  ])('%s is not judged', (_title, answer, why) => {
    expect(found(answer)).toEqual([
      {
        ruleId: 'authz-config',
        level: 'unknown',
        path: 'spec.config',
        reason: 'AnalysisUnknown',
        message: `The authorization config could not be checked: ${why}.`,
      },
    ]);
  });

  it('keeps a problem that only moved to another index as a warning', () => {
    const [before, after] = [
      config({ config: { policies: ['bad'] } }),
      config({ config: { policies: ['good', 'bad'] } }),
    ];
    const given = answers({
      analyses: [
        [before, present({ ...VALID, problems: [PROBLEM] })],
        [after, present({ ...VALID, problems: [{ ...PROBLEM, path: 'spec.config.policies[1]' }] })],
      ],
    });
    const { findings } = evaluate([authzConfig], update(before, after), given);
    expect(findings.map(({ level, path }) => `${level} ${path}`)).toEqual(['warn spec.config.policies[1]']);
  });
});
