/** test/fixtures: what a rule says of the smallest requests that show it, word for word. */
import type { Evaluation } from '../../src/engine/evaluate.ts';
import { DEFAULT_POLICY } from '../../src/rules/contract.ts';
import { createRules } from '../../src/rules/index.ts';
import { createOfflineRules } from '../../src/rules/offline.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import { fixtures, type ExpectedFinding, type Fixture } from '../support/fixtures.ts';

const ALL = [...createRules(DEFAULT_POLICY), ...createOfflineRules()];
const CASES = fixtures().map((fixture) => [`${fixture.rule}/${fixture.folder}/${fixture.name}`, fixture] as const);

function ask({ input, cluster }: Fixture): Evaluation {
  return evaluate(ALL, input, clusterWorld(cluster)(queriesOf(ALL, input)));
}

describe.each(CASES)('%s', (_title, fixture) => {
  it('finds exactly what it says', () => {
    const { findings, failures } = ask(fixture);
    expect(failures).toEqual([]);
    const mine = findings.filter(({ ruleId }) => ruleId === fixture.rule);
    expect(mine.map(({ level, path, reason, message }) => ({ level, path, reason, message }))).toEqual(
      fixture.expect.map(expected),
    );
    const strongest = mine.some(({ level }) => level === 'deny') ? 'deny' : mine.length > 0 ? 'warn' : 'allow';
    expect(strongest).toBe(fixture.folder);
  });

  it('is found again, and by looking only', () => {
    const frozen = { ...fixture, input: deepFreeze(fixture.input), cluster: deepFreeze(fixture.cluster) };
    expect(ask(frozen)).toEqual(ask(frozen));
  });
});

function expected({ level, path, reason, message }: ExpectedFinding): Record<string, unknown> {
  const pattern = /^\/(.*)\/$/s.exec(message.trim())?.[1];
  return {
    level,
    path,
    reason,
    message: pattern === undefined ? message.trim() : expect.stringMatching(new RegExp(pattern, 's')),
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
