import { cedarLint } from '../../src/rules/cedar-lint.ts';
import { answers, present, UNKNOWN } from '../support/answers.ts';
import { evaluate } from '../support/evaluation.ts';
import { config, create, VALID } from '../support/objects.ts';

const ADVICE = { path: 'spec.config.policies[0]', reason: 'UnknownAction', message: 'There is no such action.' };

describe('advice about a config', () => {
  it('is a warning', () => {
    const given = answers({ analyses: [[config(), present({ ...VALID, advice: [ADVICE] })]] });
    expect(evaluate([cedarLint], create(config()), given).findings).toEqual([
      { ...ADVICE, level: 'warn', ruleId: 'cedar-lint' },
    ]);
  });

  it('is not given without an analysis', () => {
    const given = answers({ analyses: [[config(), UNKNOWN]] });
    expect(evaluate([cedarLint], create(config()), given).findings).toEqual([]);
  });
});
