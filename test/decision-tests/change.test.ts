/** The bounds of decision tests at admission, and the thread they run in. */
import {
  ADMISSION_TESTS,
  createCedar,
  createIsolatedAnalyzer,
  createPreparedDecider,
  type PreparedDecider,
} from '../../src/authorizers/index.ts';
import { runTestMaps } from '../../src/decision-tests/change.ts';
import { ADMISSION_ROOM, type TestMap, type TestRunInput } from '../../src/decision-tests/outcome.ts';
import { createTestMapReader } from '../../src/decision-tests/test-map.ts';

const cedar = createCedar();
const TOOLS = { decider: createPreparedDecider(cedar), read: createTestMapReader() };
const ALLOW = { type: 'cedarv1', config: { policies: ['permit(principal, action, resource);'] } };
const DENY = { type: 'cedarv1', config: { policies: ['forbid(principal, action, resource);'] } };

function cases(name: string, count: number): string {
  const all = Array.from({ length: count }, (_, i) => ({
    name: `${name}-${String(i)}`,
    claims: { sub: 'alice' },
    call: { id: 'x' },
    expect: 'allow',
  }));
  return JSON.stringify({ cases: all });
}

function map(name: string, count: number, action?: string): TestMap {
  return { name, data: { 'tests.json': cases(name, count) }, action };
}

const INPUT = { config: 'a', after: DENY, before: ALLOW };
const STILL = { cases: 9, milliseconds: 9, clock: (): number => 0 };

/** Work takes the time that it is said to take: the clock moves with each step and stands still otherwise. */
function workshop(cost: { readonly text?: number; readonly policy?: number; readonly decision?: number }) {
  let now = 0;
  const decider = createPreparedDecider(cedar);
  const read = createTestMapReader();
  const slowly: PreparedDecider = {
    decide: (spec) => {
      const decide = decider.decide(spec);
      return 'undecidable' in decide
        ? decide
        : (request, trace) => {
            now += cost.decision ?? 0;
            return decide(request, trace);
          };
    },
    compile: (spec, hasTime) =>
      decider.compile(spec, () => {
        now += cost.policy ?? 0;
        return hasTime();
      }),
  };
  return (input: Partial<TestRunInput> & Pick<TestRunInput, 'maps'>) => {
    const start = now;
    const results = runTestMaps(
      { ...INPUT, ...input },
      {
        decider: slowly,
        read: (each, config, hasTime) =>
          read(each, config, () => {
            const has = hasTime();
            now += has ? (cost.text ?? 0) : 0;
            return has;
          }),
      },
      { ...ADMISSION_ROOM, clock: () => now },
    );
    return { ...results, took: now - start };
  };
}

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
  ['all', 100, 35, 0, []],
  ['as many as there is room for', 30, 30, 5, []],
  ['as many, and what is beyond is not even read', 7, 7, 18, ['b']],
])('cases of several ConfigMaps are run: %s', (_how, room, ran, left, notRead) => {
  const maps = [map('a', 25), map('b', 10)];
  const { outcomes, leftOut, unread } = runTestMaps({ ...INPUT, maps }, TOOLS, { ...STILL, cases: room });
  expect([outcomes.length, leftOut, unread]).toEqual([ran, left, notRead]);
});

it('those that can refuse a change go first', () => {
  const maps = [map('a', 5, 'Warn'), map('b', 5), map('c', 5, 'Warn'), map('d', 5, 'Deny')];
  const { outcomes } = runTestMaps({ ...INPUT, maps }, TOOLS, { ...STILL, cases: 12 });
  expect([...new Set(outcomes.map(({ configMap }) => configMap))]).toEqual(['b', 'd', 'a']);
});

describe('100 ms are kept', () => {
  it('by cases: those for which there is no time are counted', () => {
    const { outcomes, leftOut, took } = workshop({ decision: 1 })({ maps: [map('a', 500)] });
    expect(took).toBeLessThanOrEqual(100);
    expect(outcomes.length).toBeGreaterThanOrEqual(25);
    expect(leftOut).toBe(500 - outcomes.length);
  });

  it('by reading: ConfigMaps for which there is no time are named', () => {
    const maps = ['a', 'b', 'c', 'd', 'e'].map((name) => map(name, 3));
    const { outcomes, leftOut, unread, took } = workshop({ text: 25 })({ maps });
    expect(took).toBeLessThanOrEqual(100);
    expect([outcomes.length, leftOut, unread]).toEqual([6, 0, ['c', 'd', 'e']]);
  });

  it('by reading: a ConfigMap of which only some is read is named, and what was read is run', () => {
    const data = Object.fromEntries(['k', 'l', 'm', 'n'].map((key) => [key, cases(key, 2)]));
    const { outcomes, unread } = workshop({ text: 25 })({ maps: [{ name: 'a', data, action: undefined }] });
    expect([outcomes.length, unread]).toEqual([4, ['a']]);
  });

  it('by compiling: the next request goes on where this one ended', () => {
    const policies = Array.from(
      { length: 100 },
      (_, i) => `permit(principal, action, resource == Tool::"${String(i)}");`,
    );
    const compiled: string[] = [];
    const counting = { ...cedar, toJson: (text: string) => (compiled.push(text), cedar.toJson(text)) };
    const tools = { ...TOOLS, decider: createPreparedDecider(counting) };
    let now = 0;
    const request = { ...INPUT, maps: [map('a', 10)], after: { type: 'cedarv1', config: { policies } } };
    const run = (): readonly number[] => {
      now = 0;
      // Each look at the clock finds that a millisecond has gone by.
      const { outcomes, leftOut } = runTestMaps(request, tools, { ...ADMISSION_ROOM, clock: () => (now += 1) });
      return [outcomes.length, leftOut];
    };
    expect(run()).toEqual([0, 10]);
    const first = compiled.length;
    expect(first).toBeLessThan(100);
    now = 0;
    runTestMaps(request, tools, { ...ADMISSION_ROOM, clock: () => 0 });
    expect(new Set(compiled).size).toBe(compiled.length);
  });

  it('by what is too long for one step: its cases are counted, never passed', () => {
    const long = `permit(principal, action, resource) when { context.arg_x == "${'x'.repeat(70_000)}" };`;
    const { outcomes, leftOut } = workshop({})({
      maps: [map('a', 3)],
      after: { type: 'cedarv1', config: { policies: [long] } },
    });
    expect([outcomes, leftOut]).toEqual([[], 3]);
  });
});

it('ConfigMaps that were not even brought are named, too', () => {
  const { unread } = runTestMaps({ ...INPUT, maps: [map('a', 1)], unlisted: ['y', 'x'] }, TOOLS, STILL);
  expect(unread).toEqual(['x', 'y']);
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
  const admission = createIsolatedAnalyzer(ADMISSION_TESTS);
  afterAll(() => Promise.all([analyzer.close(), admission.close()]));

  it('the same is answered, within the room that the thread was given', async () => {
    const input: TestRunInput = { ...INPUT, maps: [map('m', 3)] };
    const { outcomes } = await admission.runTests(input);
    expect(outcomes.map(({ name, after }) => `${name} ${after}`)).toEqual(['m-0 deny', 'm-1 deny', 'm-2 deny']);
    const many = { ...INPUT, maps: [map('m', 1500)] };
    const bounded = await admission.runTests(many);
    expect(bounded.outcomes.length).toBeLessThanOrEqual(1000);
    expect(bounded.outcomes.length + bounded.leftOut).toBe(1500);
    expect((await analyzer.runTests(many)).outcomes).toHaveLength(1500);
  });

  it('faults of a ConfigMap are found', async () => {
    const faults = await analyzer.testFaults({ name: 'm', data: { x: 'cases: 1' }, action: undefined }, 'a');
    expect(faults).toEqual([{ path: 'data["x"]', message: 'cases: spec.cases must be a list of at least one case' }]);
  });
});
