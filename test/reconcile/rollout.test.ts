/** Which pod goes next, and how a rollout takes its turns. */
import { ApiError } from '../../src/kube/errors.ts';
import type { Writer } from '../../src/kube/write.ts';
import type { PodEntry } from '../../src/reconcile/injection-caches.ts';
import { beginRollout, isOutdated, nextStep, PATIENCE_MS, type Resolved } from '../../src/reconcile/rollout.ts';
import { createRolloutRunner, type RolloutRunner } from '../../src/reconcile/rollout-runner.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

const PLAN: Resolved = { state: 'resolved', hash: 'new', runtimeJson: '{}', carried: false, copy: '{}' };
const CARRIED: Resolved = { ...PLAN, carried: true };

function pod(name: string, more: Partial<PodEntry> = {}): PodEntry {
  return {
    ...{ name, uid: name, workload: { kind: 'MCPServer', name: 'w' }, hash: 'old', copied: true, projected: true },
    ...{ ready: true, terminating: false, finished: false, controlled: true },
    ...more,
  };
}

describe('outdated is', () => {
  it.each([
    ['another hash', pod('p'), PLAN, true],
    ['no hash', pod('p', { hash: undefined, copied: false }), PLAN, true],
    ['the current hash', pod('p', { hash: 'new' }), PLAN, false],
    ['another hash that the operator rolls out itself: no', pod('p', { copied: false }), CARRIED, false],
    ['another hash with our copy mounted', pod('p'), CARRIED, true],
    [
      'made without us, also where the operator carries it',
      pod('p', { hash: undefined, copied: false }),
      CARRIED,
      true,
    ],
  ])('%s', (_title, entry, plan, expected) => {
    expect(isOutdated(entry, plan)).toBe(expected);
  });
});

describe('the next step', () => {
  const old = [pod('a'), pod('b')];
  const fresh = (name: string, ready: boolean): PodEntry => pod(name, { hash: 'new', ready });
  const begun = beginRollout(old, PLAN, 0);
  const afterA = { ...begun, evicted: new Set(['a']) };

  it.each([
    ['evicts one', begun, old, { do: 'evict', pod: old[0] }],
    [
      'evicts first what serves nobody',
      begun,
      [pod('a'), pod('b', { ready: false })],
      { do: 'evict', pod: pod('b', { ready: false }) },
    ],
    ['waits for the replacement to be made', afterA, [pod('a'), pod('b')], { do: 'wait' }],
    ['waits for the replacement to be ready', afterA, [pod('b'), fresh('c', false)], { do: 'wait' }],
    ['goes on when it is', afterA, [pod('b'), fresh('c', true)], { do: 'evict', pod: pod('b') }],
    [
      'does not wait for what it does not serve by',
      afterA,
      [pod('b', { ready: false }), fresh('c', false)],
      { do: 'evict', pod: pod('b', { ready: false }) },
    ],
    ['does not count what is on its way out', begun, [pod('a', { terminating: true }), pod('b')], { do: 'wait' }],
    ['is over when all are ready', afterA, [fresh('c', true), fresh('d', true)], { do: 'done' }],
    ['is not over before', afterA, [fresh('c', true), fresh('d', false)], { do: 'wait' }],
    [
      'leaves alone what nobody would make again',
      begun,
      [pod('a', { controlled: false }), fresh('d', true)],
      { do: 'done' },
    ],
  ])('%s', (_title, rollout, pods, expected) => {
    expect(nextStep(rollout, pods, PLAN, 1)).toEqual(expected);
  });

  it('stops where the new pods carry no hash either', () => {
    expect(nextStep(afterA, [pod('b'), pod('c', { hash: undefined })], PLAN, 1)).toEqual({
      do: 'stop',
      why: 'Pod "c" was created during the rollout and does not carry the current config: the webhook is not asked in this namespace.',
    });
  });

  it('stops where nothing moves for as long as a Deployment would wait', () => {
    expect(nextStep(afterA, [pod('b'), fresh('c', false)], PLAN, PATIENCE_MS)).toMatchObject({ do: 'stop' });
  });

  it('does not wait for readiness where nobody was served before', () => {
    const unready = beginRollout([pod('a', { ready: false })], PLAN, 0);
    expect(nextStep({ ...unready, evicted: new Set(['a']) }, [fresh('c', false)], PLAN, 1)).toEqual({ do: 'done' });
  });
});

describe('the runner', () => {
  const signal = new AbortController().signal;
  let clock: FakeClock;
  let evictions: unknown[];
  let woken: string[];
  let outcomes: string[];
  let refusal: ApiError | undefined;
  const never = (): never => {
    throw new Error('not asked');
  };
  const writer: Writer = {
    ...{ applyStatus: never, applyObject: never, mergePatch: never, replace: never, remove: never },
    create: (path, body) => {
      evictions.push([path, body]);
      return refusal === undefined
        ? Promise.resolve({ apiVersion: 'v1', kind: 'Status', metadata: {} })
        : Promise.reject(refusal);
    },
  };
  const create = (mode: 'Evict' | 'Off' = 'Evict'): RolloutRunner =>
    createRolloutRunner({
      ...{ mode, writer, clock },
      evicted: (outcome) => outcomes.push(outcome),
      wake: (key) => woken.push(key),
    });
  beforeEach(() => {
    clock = createFakeClock();
    [evictions, woken, outcomes, refusal] = [[], [], [], undefined];
  });

  it('evicts through the Eviction API, that very pod', async () => {
    await create().step('w', 'ns', [pod('a')], PLAN, signal);
    expect(evictions).toEqual([
      [
        '/api/v1/namespaces/ns/pods/a/eviction',
        {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: 'a', namespace: 'ns' },
          deleteOptions: { preconditions: { uid: 'a' } },
        },
      ],
    ]);
    expect(outcomes).toEqual(['evicted']);
  });

  it('evicts nothing where it is off, and nothing that carries the current hash', async () => {
    expect(await create('Off').step('w', 'ns', [pod('a')], PLAN, signal)).toEqual({ phase: 'off', againMs: 0 });
    expect(await create().step('w', 'ns', [pod('a', { hash: 'new' })], PLAN, signal)).toEqual({
      phase: 'idle',
      againMs: 0,
    });
    expect(evictions).toEqual([]);
  });

  it('serves one workload at a time, and wakes the next when one is done', async () => {
    const runner = create();
    const ready = [pod('b', { hash: 'new' })];
    expect((await runner.step('one', 'ns', [pod('a')], PLAN, signal)).phase).toBe('rolling');
    expect((await runner.step('two', 'ns', [pod('x')], PLAN, signal)).phase).toBe('queued');
    expect([evictions.length, runner.pending(), woken]).toEqual([1, 2, []]);
    expect((await runner.step('one', 'ns', ready, PLAN, signal)).phase).toBe('idle');
    expect(woken).toEqual(['two']);
    expect((await runner.step('two', 'ns', [pod('x')], PLAN, signal)).phase).toBe('rolling');
    expect(evictions.length).toBe(2);
  });

  it('rolls out the newest config only', async () => {
    const runner = create();
    await runner.step('w', 'ns', [pod('a'), pod('b')], PLAN, signal);
    const pods = [pod('b'), pod('c', { hash: 'new', ready: true })];
    const newest = { ...PLAN, hash: 'newest' };
    expect((await runner.step('w', 'ns', pods, newest, signal)).phase).toBe('rolling');
    expect(outcomes).toEqual(['evicted', 'evicted']);
    expect(
      (await runner.step('w', 'ns', [pod('d', { hash: 'newest' }), pod('e', { hash: 'newest' })], newest, signal))
        .phase,
    ).toBe('idle');
  });

  it('tries again where a budget says not now', async () => {
    refusal = new ApiError('API_TOO_MANY_REQUESTS', 429, 'Cannot evict pod', { retryAfterMs: 7000 });
    const runner = create();
    expect(await runner.step('w', 'ns', [pod('a')], PLAN, signal)).toEqual({
      phase: 'blocked',
      why: 'Pod "a": Cannot evict pod',
      againMs: 7000,
    });
    refusal = undefined;
    expect((await runner.step('w', 'ns', [pod('a')], PLAN, signal)).phase).toBe('rolling');
    expect(outcomes).toEqual(['blocked', 'evicted']);
  });

  it('does not try for ever what does not help, and gives way to others meanwhile', async () => {
    const runner = create();
    await runner.step('w', 'ns', [pod('a')], PLAN, signal);
    const stranger = [pod('b', { hash: undefined })];
    expect((await runner.step('w', 'ns', stranger, PLAN, signal)).phase).toBe('stopped');
    expect((await runner.step('w', 'ns', stranger, PLAN, signal)).phase).toBe('stopped');
    expect([evictions.length, runner.pending()]).toEqual([1, 0]);
    clock.advance(PATIENCE_MS);
    expect((await runner.step('w', 'ns', stranger, PLAN, signal)).phase).toBe('rolling');
  });

  it('passes on a turn that is not used', async () => {
    const runner = create();
    await runner.step('one', 'ns', [pod('a')], PLAN, signal);
    expect(await runner.step('two', 'ns', [pod('x')], PLAN, signal)).toEqual({ phase: 'queued', againMs: PATIENCE_MS });
    clock.advance(PATIENCE_MS);
    expect((await runner.step('two', 'ns', [pod('x')], PLAN, signal)).phase).toBe('rolling');
  });

  it('throws what it does not understand', async () => {
    refusal = new ApiError('API_FORBIDDEN', 403, 'no');
    await expect(create().step('w', 'ns', [pod('a')], PLAN, signal)).rejects.toBe(refusal);
  });
});
