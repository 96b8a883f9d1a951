/** metav1.Condition: read what is there, and make what is wanted without moving a time that nothing moved. */
import { at, isJsonObject, stringAt, type JsonObject } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** What is to be said, without the time. */
export interface Verdict {
  readonly type: string;
  readonly status: ConditionStatus;
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface Condition extends Verdict, JsonObject {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  /** `metadata.generation` of the spec that this is about. */
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** Bytes that the CRDs allow are 32768; a person reads less, and every watcher pays. */
const MESSAGE_LIMIT = 8192;

/** The conditions of an object by type, as they were found: another writer's need not be complete. */
export function conditionsOf(object: KubernetesObject): ReadonlyMap<string, JsonObject> {
  const list = at(object, 'status', 'conditions');
  const entries = Array.isArray(list) ? list.filter(isJsonObject) : [];
  return new Map(entries.map((entry) => [stringAt(entry, 'type') ?? '', entry]));
}

/** `lastTransitionTime` moves with `status` alone (k8s.io/apimachinery, meta.SetStatusCondition). */
export function condition(
  verdict: Verdict,
  current: JsonObject | undefined,
  observedGeneration: number,
  now: Date,
): Condition {
  const since = stringAt(current, 'lastTransitionTime');
  return {
    type: verdict.type,
    status: verdict.status,
    reason: verdict.reason,
    message: shortened(verdict.message, MESSAGE_LIMIT),
    observedGeneration,
    lastTransitionTime: stringAt(current, 'status') === verdict.status && since !== undefined ? since : rfc3339(now),
  };
}

/** metav1.Time has whole seconds. */
export function rfc3339(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

export function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
