/** The bounds of decision tests at admission, and the thread they run in. */
import { createCedar, createDecider, createIsolatedAnalyzer } from '../../src/authorizers/index.ts';
import { runTestMaps } from '../../src/decision-tests/change.ts';
import { createTestMapReader } from '../../src/decision-tests/test-map.ts';
import type { TestRunInput } from '../../src/decision-tests/outcome.ts';

const TOOLS = { decider: createDecider(createCedar()), read: createTestMapReader() };
const ALLOW = { type: 'cedarv1', config: { policies: ['permit(principal, action, resource);'] } };
const DENY = { type: 'cedarv1', config: { policies: ['forbid(principal, action, resource);'] } };

function map(name: string, cases: number): TestRunInput['maps'][number] {
  const all = Array.from({ length: cases }, (_, i) => ({
    name: `${name}-${String(i)}`,
    claims: { sub: 'alice' },
    call: { id: 'x' },
    expect: 'allow',
  }));
  return { name, data: { 'tests.json': JSON.stringify({ cases: all }) }, action: undefined };
}

const INPUT = { config: 'a', after: DENY, before: ALLOW };
const STILL = { cases: 9, milliseconds: 9, reading: 9, clock: (): number => 0 };

it('a case is decided under both configs', () => {
  const { outcomes } = runTestMaps({ ...INPUT, maps: [map('m', 1)] }, TOOLS, STILL);
  expect(outcomes).toEqual([
    {
      configMap: 'm',
      name: 'm-0',
      action: 'Deny',
      expected: 'allow',
      after: 'deny',
      before: 'allow',
      why: 'forbidden by policies[0]: forbid(principal, action, resource);',
    },
  ]);
});

it.each([
  ['all', 100, 35, 0],
  ['as many as there is room for', 30, 30, 5],
  ['as many, and none beyond', 7, 7, 28],
])('cases of several ConfigMaps are run: %s', (_how, cases, ran, left) => {
  const maps = [map('a', 25), map('b', 10)];
  const { outcomes, leftOut } = runTestMaps({ ...INPUT, maps }, TOOLS, { ...STILL, cases });
  expect([outcomes.length, leftOut]).toEqual([ran, left]);
});

it('time ends it between batches, and what was not run is counted', () => {
  let now = 0;
  const clock = (): number => (now += 1);
  const room = { cases: 1000, milliseconds: 3, reading: 99, clock };
  const { outcomes, leftOut } = runTestMaps({ ...INPUT, maps: [map('a', 35), map('b', 5)] }, TOOLS, room);
  expect([outcomes.length, leftOut]).toEqual([30, 10]);
});

it('ConfigMaps that there is no time to read count as one each', () => {
  let now = 0;
  const clock = (): number => (now += 1);
  const room = { cases: 1000, milliseconds: 99, reading: 2, clock };
  const maps = ['a', 'b', 'c', 'd'].map((name) => map(name, 3));
  const { outcomes, leftOut } = runTestMaps({ ...INPUT, maps }, TOOLS, room);
  expect([outcomes.length, leftOut]).toEqual([6, 2]);
});

it('a config that leaves decisions to others is said to', () => {
  const http = { type: 'httpv1', config: { http: { url: 'http://pdp' }, claim_mapping: 'mpe' } };
  const run = (after: TestRunInput['after'], before: TestRunInput['before']): unknown =>
    runTestMaps({ maps: [map('a', 1)], config: 'a', after, before }, TOOLS, STILL);
  expect(run(http, ALLOW)).toMatchObject({
    outcomes: [],
    undecidable: expect.stringContaining('type httpv1') as unknown,
  });
  expect(run(ALLOW, http)).toEqual(run(ALLOW, undefined));
});

describe('in a thread', () => {
  const analyzer = createIsolatedAnalyzer();
  afterAll(() => analyzer.close());

  it('the same is answered, within its time', async () => {
    const input: TestRunInput = { ...INPUT, maps: [map('m', 3)] };
    const { outcomes } = await analyzer.runTests(input);
    expect(outcomes.map(({ name, after }) => `${name} ${after}`)).toEqual(['m-0 deny', 'm-1 deny', 'm-2 deny']);
    const many = await analyzer.runTests({ ...INPUT, maps: [map('m', 3000)] });
    expect(many.outcomes.length).toBeGreaterThan(0);
    expect(many.outcomes.length).toBeLessThanOrEqual(1000);
    expect(many.outcomes.length + many.leftOut).toBe(3000);
  });

  it('faults of a ConfigMap are found', async () => {
    const faults = await analyzer.testFaults({ name: 'm', data: { x: 'cases: 1' }, action: undefined }, 'a');
    expect(faults).toEqual([{ path: 'data["x"]', message: 'cases: spec.cases must be a list of at least one case' }]);
  });
});
