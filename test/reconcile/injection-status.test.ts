/** What a workload says about its pods. */
import type { InjectionPlan } from '../../src/injection/plan.ts';
import type { PodEntry } from '../../src/reconcile/injection-caches.ts';
import { injectionNotes, injectionVerdict, keptVerdict } from '../../src/reconcile/injection-status.ts';
import type { Progress } from '../../src/reconcile/rollout-runner.ts';
import { server } from '../support/objects.ts';

const HASH = '0123456789abcdef';
const PLAN: InjectionPlan = { state: 'resolved', hash: HASH, runtimeJson: '{}', carried: false, copy: '{}' };
const WAITING: InjectionPlan = { state: 'waiting', why: 'MCPAuthzConfig "a" does not exist.' };
const IDLE: Progress = { phase: 'idle', againMs: 0 };

function pod(hash: string | undefined, more: Partial<PodEntry> = {}): PodEntry {
  return {
    ...{ name: 'p', uid: 'p', workload: { kind: 'MCPServer', name: 'w' }, hash, copied: true, projected: true },
    ...{ ready: true, terminating: false, finished: false, controlled: true },
    ...more,
  };
}

it.each([
  ['nothing without a reference', { state: 'none' } as const, [pod(HASH)], IDLE, undefined],
  ['nothing without pods', PLAN, [pod('old', { terminating: true }), pod('old', { finished: true })], IDLE, undefined],
  ['up to date', PLAN, [pod(HASH), pod(HASH)], IDLE, 'True PodsUpToDate 2 of 2 pods carry config hash 0123456789ab.'],
  [
    'a projection that found its place taken',
    PLAN,
    [pod(HASH, { projected: false })],
    IDLE,
    'True PodsUpToDate 1 of 1 pods carry config hash 0123456789ab; 1 without the projection, because they have a volume or path of their own there.',
  ],
  [
    'waiting pods',
    WAITING,
    [pod('unresolved')],
    IDLE,
    'False PodsWaiting New pods wait: MCPAuthzConfig "a" does not exist.',
  ],
  [
    'a config that became unusable',
    WAITING,
    [pod('old')],
    IDLE,
    'False ConfigUnusable Pods keep the config that they started with, and new ones will wait: MCPAuthzConfig "a" does not exist.',
  ],
  [
    'an operator that is late',
    { ...PLAN, copy: undefined },
    [pod(HASH)],
    IDLE,
    "False PodsWaiting New pods wait: the operator has not written the workload's runtime config yet.",
  ],
  [
    'outdated pods with the rollout off',
    PLAN,
    [pod(HASH), pod('old')],
    { phase: 'off', againMs: 0 } as const,
    'False PodsOutdated 1 of 2 pods carry config hash 0123456789ab; the others keep an earlier one until they are replaced. Delete them, or run with --rollout Evict.',
  ],
  [
    'outdated pods that the operator replaces',
    { ...PLAN, carried: true },
    [pod('old', { copied: false })],
    IDLE,
    'False PodsOutdated 0 of 1 pods carry config hash 0123456789ab; the operator replaces the others.',
  ],
  [
    'missed pods',
    PLAN,
    [pod(undefined)],
    { phase: 'off', againMs: 0 } as const,
    'False InjectionMissed 0 of 1 pods carry config hash 0123456789ab; 1 were created while the webhook was not asked. Delete them, or run with --rollout Evict.',
  ],
  [
    'a rollout',
    PLAN,
    [pod(HASH), pod('old')],
    { phase: 'rolling', againMs: 1 } as const,
    'False RollingOut 1 of 2 pods carry config hash 0123456789ab; the others are being replaced.',
  ],
  [
    'a rollout that a budget holds up',
    PLAN,
    [pod('old')],
    { phase: 'blocked', why: 'Pod "p": not now', againMs: 1 } as const,
    'False RollingOut 0 of 1 pods carry config hash 0123456789ab. Pod "p": not now',
  ],
  [
    'a rollout that waits for its turn',
    PLAN,
    [pod('old')],
    { phase: 'queued', againMs: 0 } as const,
    'False RolloutQueued 0 of 1 pods carry config hash 0123456789ab; the others are replaced once the rollout of another workload is over.',
  ],
  [
    'a rollout that was stopped',
    PLAN,
    [pod('old')],
    { phase: 'stopped', why: 'It does not help.', againMs: 0 } as const,
    'False RolloutStopped 0 of 1 pods carry config hash 0123456789ab. It does not help.',
  ],
])('%s', (_title, plan, pods, progress, expected) => {
  const verdict = injectionVerdict({ plan, pods, progress });
  expect(verdict === undefined ? undefined : `${verdict.status} ${verdict.reason} ${verdict.message}`).toBe(expected);
});

it('names a ConfigMap that is not ours', () => {
  // Without a pod as well: it is what keeps them from being made.
  expect(injectionVerdict({ plan: PLAN, pods: [], progress: IDLE, clash: 'w-authz-ref' })?.reason).toBe('NameClash');
  expect(injectionVerdict({ plan: PLAN, pods: [pod(HASH)], progress: IDLE, clash: 'w-authz-ref' })).toMatchObject({
    reason: 'NameClash',
    message:
      'ConfigMap "w-authz-ref" belongs to somebody else and is left alone; pods that need it wait or are refused.',
  });
});

describe('events', () => {
  const verdict = injectionVerdict({ plan: WAITING, pods: [pod('unresolved')], progress: IDLE });
  const said = (change: object): ReturnType<typeof server> => ({
    ...server(),
    status: { conditions: [{ ...verdict, ...change }] },
  });

  it('tell what is new, once', () => {
    const note = 'New pods wait: MCPAuthzConfig "a" does not exist.';
    const told = [{ type: 'Warning', reason: 'AuthzPodsWaiting', action: 'Inject', note }];
    expect(injectionNotes(server(), verdict)).toEqual(told);
    expect(injectionNotes(said({}), verdict)).toEqual([]);
    expect(injectionNotes(said({ message: 'for another reason' }), verdict)).toEqual(told);
    expect(injectionNotes(said({}), undefined)).toEqual([]);
  });

  it('do not count a rollout down', () => {
    const progress = { phase: 'rolling', againMs: 1 } as const;
    const first = injectionVerdict({ plan: PLAN, pods: [pod('old')], progress });
    expect(injectionNotes(server(), first)).toMatchObject([{ type: 'Normal', reason: 'AuthzRollingOut' }]);
    expect(injectionNotes({ ...server(), status: { conditions: [{ ...first, message: 'earlier' }] } }, first)).toEqual(
      [],
    );
  });

  it('what was said stays where nothing is known', () => {
    expect(keptVerdict(said({}))).toEqual(verdict);
    expect(keptVerdict(server())).toBeUndefined();
  });
});
