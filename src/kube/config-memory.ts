/**
 * Configs that were read, and what was found of them, for as long as the watch cache has seen no other generation. A config
 * that a thousand workloads refer to is large, for its status lists them all; that part is not kept.
 */
import type { KubernetesObject } from '../api/objects.ts';
import { withProperty } from '../api/json.ts';
import type { Answer, ResolvedConfig } from '../rules/contract.ts';

export interface Identity {
  readonly uid: string;
  readonly generation: number;
  readonly terminating: boolean;
}

export interface ConfigMemory {
  /** Undefined where it was not read, or not as the watch cache knows it. */
  recall(namespace: string, name: string): ResolvedConfig | undefined;
  /** What a live read brought. */
  remember(namespace: string, name: string, answer: Answer<ResolvedConfig> | undefined): void;
}

/** Configs kept; the one that was read longest ago goes first. */
const KEPT = 100;

/** `current` is what the watch cache knows; undefined where it knows none. */
export function createConfigMemory(current: (namespace: string, name: string) => Identity | undefined): ConfigMemory {
  const known = new Map<string, ResolvedConfig>();
  return {
    recall: (namespace, name) => {
      const kept = known.get(`${namespace}/${name}`);
      const now = kept === undefined ? undefined : current(namespace, name);
      return now !== undefined && isSame(now, kept?.object.metadata) ? kept : undefined;
    },
    remember: (namespace, name, answer) => {
      const key = `${namespace}/${name}`;
      known.delete(key);
      if (answer?.state !== 'present') {
        return;
      }
      known.set(key, { ...answer.value, object: withoutStatus(answer.value.object) });
      const [oldest] = known.keys();
      if (known.size > KEPT && oldest !== undefined) {
        known.delete(oldest);
      }
    },
  };
}

function isSame(
  { uid, generation, terminating }: Identity,
  metadata: KubernetesObject['metadata'] | undefined,
): boolean {
  return (
    metadata?.uid === uid &&
    metadata.generation === generation &&
    (metadata.deletionTimestamp !== undefined) === terminating
  );
}

function withoutStatus(object: KubernetesObject): KubernetesObject {
  return {
    ...withProperty(object, 'status', undefined),
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: withProperty(object.metadata, 'managedFields', undefined),
  };
}
