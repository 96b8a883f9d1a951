import { createWorldAnswers, UndeclaredQueryError, worldViewOf } from '../../src/engine/world-view.ts';
import type { Answer, Query, WorldView } from '../../src/rules/contract.ts';
import { server, VALID } from '../support/objects.ts';

const SPEC = { type: 'cedarv1', config: { policies: [] } };
const USER = { username: 'alice', groups: [] };
const MAP = { name: 'm', data: { 'tests.yaml': '' }, action: undefined };

/** Each question, and how a rule looks at its answer. */
const QUESTIONS: readonly [Query, (world: WorldView) => Answer<unknown>][] = [
  [{ ask: 'authzConfig', namespace: 'ns', name: 'a' }, (world) => world.authzConfig('ns', 'a')],
  [{ ask: 'analysis', spec: SPEC }, (world) => world.analysis(SPEC)],
  [{ ask: 'referrers', namespace: 'ns', name: 'a' }, (world) => world.referrers('ns', 'a')],
  [{ ask: 'namespace', name: 'ns' }, (world) => world.namespace('ns')],
  [{ ask: 'mayBypass', namespace: 'ns', name: 'a', user: USER }, (world) => world.mayBypass('ns', 'a', USER)],
  [
    { ask: 'workload', kind: 'MCPServer', namespace: 'ns', name: 'w' },
    (world) => world.workload('MCPServer', 'ns', 'w'),
  ],
  [{ ask: 'configMap', namespace: 'ns', name: 'm' }, (world) => world.configMap('ns', 'm')],
  [
    { ask: 'decisionTests', namespace: 'ns', name: 'a', after: SPEC },
    (world) => world.decisionTests({ namespace: 'ns', name: 'a', after: SPEC }),
  ],
  [{ ask: 'decisionTestFaults', map: MAP, config: 'a' }, (world) => world.decisionTestFaults(MAP, 'a')],
];

describe.each(QUESTIONS)('%j', (query, look) => {
  it('shows the answer that was recorded', () => {
    const answers = createWorldAnswers();
    const answer = { state: 'unknown', why: `no answer to ${query.ask}` } as const;
    answers.record(query, answer);
    expect(look(worldViewOf([query], answers))).toBe(answer);
  });

  it('is unknown where nobody answered', () => {
    expect(look(worldViewOf([query], createWorldAnswers()))).toEqual({
      state: 'unknown',
      why: 'the question was not asked',
    });
  });

  it('must have been declared', () => {
    const others = QUESTIONS.map(([other]) => other).filter((other) => other !== query);
    const undeclared = (): unknown => look(worldViewOf(others, createWorldAnswers()));
    expect(undeclared).toThrow(UndeclaredQueryError);
    expect(undeclared).toThrow(expect.objectContaining({ code: 'UNDECLARED_QUERY' }) as Error);
  });
});

it('answers each question for itself', () => {
  const answers = createWorldAnswers();
  answers.record({ ask: 'configMap', namespace: 'ns', name: 'm' }, { state: 'present', value: server() });
  answers.record({ ask: 'analysis', spec: SPEC }, { state: 'present', value: VALID });
  expect(answers.answer({ ask: 'configMap', namespace: 'ns', name: 'm' })).toEqual({
    state: 'present',
    value: server(),
  });
  expect(answers.answer({ ask: 'configMap', namespace: 'other', name: 'm' })).toBeUndefined();
  expect(answers.answer({ ask: 'analysis', spec: SPEC })).toEqual({ state: 'present', value: VALID });
});
