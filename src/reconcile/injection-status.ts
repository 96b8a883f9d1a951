/** What a workload's status says about its pods: condition `AuthzInjected`, and what is told once. Pure. */
import { stringAt } from '../api/json.ts';
import { INJECTED, UNRESOLVED } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type { InjectionPlan } from '../injection/plan.ts';
import { conditionsOf, type ConditionStatus, type Verdict } from './conditions.ts';
import type { Note } from './config-status.ts';
import type { PodEntry } from './injection-caches.ts';
import { isOutdated, livePods, type Resolved } from './rollout.ts';
import type { Progress } from './rollout-runner.ts';

export interface InjectionFacts {
  readonly plan: InjectionPlan;
  readonly pods: readonly PodEntry[];
  readonly progress: Progress;
  /** A ConfigMap that should be ours and is somebody else's. */
  readonly clash?: string | undefined;
}

/** Undefined where there is nothing to say: no reference, or no pod (a clash keeps pods from being made, so it is said). */
export function injectionVerdict({ plan, pods, progress, clash }: InjectionFacts): Verdict | undefined {
  const live = livePods(pods);
  if (plan.state === 'none') {
    return undefined;
  }
  if (clash !== undefined) {
    return no(
      'NameClash',
      `ConfigMap "${clash}" belongs to somebody else and is left alone; pods that need it wait or are refused.`,
    );
  }
  if (live.length === 0) {
    return undefined;
  }
  if (plan.state === 'waiting') {
    return live.some(({ hash }) => hash === UNRESOLVED)
      ? no('PodsWaiting', `New pods wait: ${plan.why}`)
      : no('ConfigUnusable', `Pods keep the config that they started with, and new ones will wait: ${plan.why}`);
  }
  if (plan.copy === undefined && !plan.carried) {
    return no('PodsWaiting', "New pods wait: the operator has not written the workload's runtime config yet.");
  }
  return resolvedVerdict(plan, live, progress);
}

function resolvedVerdict(plan: Resolved, live: readonly PodEntry[], { phase, why = '' }: Progress): Verdict {
  const late = live.filter(({ hash }) => hash !== plan.hash);
  const carry = `${String(live.length - late.length)} of ${String(live.length)} pods carry config hash ${plan.hash.slice(0, 12)}`;
  if (late.length === 0) {
    const bare = live.filter(({ projected }) => !projected).length;
    const clash =
      bare === 0
        ? ''
        : `; ${String(bare)} without the projection, because they have a volume or path of their own there`;
    return { type: INJECTED, status: 'True', reason: 'PodsUpToDate', message: `${carry}${clash}.` };
  }
  switch (phase) {
    case 'stopped':
      return no('RolloutStopped', `${carry}. ${why}`);
    case 'blocked':
      return no('RollingOut', `${carry}. ${why}`);
    case 'rolling':
      return no('RollingOut', `${carry}; the others are being replaced.`);
    case 'queued':
      return no('RolloutQueued', `${carry}; the others are replaced once the rollout of another workload is over.`);
    case 'off':
    case 'idle':
      return notReplaced(plan, late, carry);
  }
}

function notReplaced(plan: Resolved, late: readonly PodEntry[], carry: string): Verdict {
  const missed = late.filter(({ hash }) => hash === undefined).length;
  if (missed > 0) {
    return no(
      'InjectionMissed',
      `${carry}; ${String(missed)} were created while the webhook was not asked. Delete them, or run with --rollout Evict.`,
    );
  }
  return late.some((pod) => isOutdated(pod, plan))
    ? no(
        'PodsOutdated',
        `${carry}; the others keep an earlier one until they are replaced. Delete them, or run with --rollout Evict.`,
      )
    : no('PodsOutdated', `${carry}; the operator replaces the others.`);
}

function no(reason: string, message: string, status: ConditionStatus = 'False'): Verdict {
  return { type: INJECTED, status, reason, message };
}

/** Where nothing new is known, what was said stays. */
export function keptVerdict(workload: KubernetesObject): Verdict | undefined {
  const known = conditionsOf(workload).get(INJECTED);
  const [status, reason, message] = ['status', 'reason', 'message'].map((name) => stringAt(known, name));
  return reason === undefined || message === undefined || (status !== 'True' && status !== 'False')
    ? undefined
    : { type: INJECTED, status, reason, message };
}

const TOLD: Readonly<Record<string, Pick<Note, 'type' | 'reason' | 'action'>>> = {
  PodsWaiting: { type: 'Warning', reason: 'AuthzPodsWaiting', action: 'Inject' },
  NameClash: { type: 'Warning', reason: 'AuthzNameClash', action: 'Inject' },
  InjectionMissed: { type: 'Warning', reason: 'AuthzInjectionMissed', action: 'Inject' },
  RolloutStopped: { type: 'Warning', reason: 'AuthzRolloutStopped', action: 'Evict' },
  RollingOut: { type: 'Normal', reason: 'AuthzRollingOut', action: 'Evict' },
};

/** On transitions only; while a rollout goes on its counts are no news. */
export function injectionNotes(workload: KubernetesObject, verdict: Verdict | undefined): readonly Note[] {
  const told = verdict === undefined ? undefined : TOLD[verdict.reason];
  if (verdict === undefined || told === undefined) {
    return [];
  }
  const before = keptVerdict(workload);
  const news =
    before?.reason !== verdict.reason || (told.reason === 'AuthzPodsWaiting' && before.message !== verdict.message);
  return news ? [{ ...told, note: verdict.message }] : [];
}
