/**
 * One config is read once for all the workloads that refer to it, and again when the watch cache has seen another
 * generation of it: a change wakes its workloads anyway, so an answer that is a moment old is put right by the next pass.
 * A config that a thousand workloads refer to is large, for it lists them all; that part is not kept.
 */
import type { KubernetesObject } from '../api/objects.ts';
import { withProperty } from '../api/json.ts';
import { createWorldAnswers } from '../engine/world-view.ts';
import type { Resolver } from '../kube/resolve.ts';
import type { Answer, ResolvedConfig } from '../rules/contract.ts';

export interface Identity {
  readonly uid: string;
  readonly generation: number;
}

/** Configs kept; the one that was read longest ago goes first. */
const KEPT = 100;

/** `current` is what the watch cache knows; undefined where it knows none. */
export function remembering(
  resolver: Resolver,
  current: (namespace: string, name: string) => Identity | undefined,
): Resolver {
  const known = new Map<string, ResolvedConfig>();

  function recall(namespace: string, name: string): ResolvedConfig | undefined {
    const kept = known.get(`${namespace}/${name}`);
    const now = current(namespace, name);
    const { uid, generation } = kept?.object.metadata ?? {};
    return now !== undefined && now.uid === uid && now.generation === generation ? kept : undefined;
  }

  function remember(namespace: string, name: string, answer: Answer<ResolvedConfig> | undefined): void {
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
  }

  return {
    resolve: async (queries, signal) => {
      const answers = createWorldAnswers();
      const asked = queries.filter((query) => {
        const value = query.ask === 'authzConfig' ? recall(query.namespace, query.name) : undefined;
        if (value !== undefined) {
          answers.record(query, { state: 'present', value });
        }
        return value === undefined;
      });
      const fresh = asked.length === 0 ? answers : await resolver.resolve(asked, signal);
      for (const query of asked) {
        const answer = fresh.answer(query);
        if (answer !== undefined) {
          answers.record(query, answer);
        }
        if (query.ask === 'authzConfig') {
          remember(query.namespace, query.name, fresh.answer(query));
        }
      }
      return answers;
    },
  };
}

function withoutStatus(object: KubernetesObject): KubernetesObject {
  return {
    ...withProperty(object, 'status', undefined),
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: withProperty(object.metadata, 'managedFields', undefined),
  };
}
