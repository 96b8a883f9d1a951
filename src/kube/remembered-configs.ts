/**
 * One config is read once for all who may have it as the watch cache has seen it: the loop for the workloads that refer to
 * it, which a change wakes anyway, and admission where a reference stays (docs/adr/0042-references-that-stay.md).
 */
import { isAsWatched } from '../engine/query-key.ts';
import { createWorldAnswers, type WorldAnswers } from '../engine/world-view.ts';
import type { AuthzConfigQuery, Query } from '../rules/contract.ts';
import type { ConfigMemory } from './config-memory.ts';
import type { Resolver } from './resolve.ts';

/** For the loop: whatever is remembered as the watch cache has seen it is not read again. */
export function remembering(resolver: Resolver, memory: ConfigMemory): Resolver {
  return recalling(resolver, memory, isOfConfig);
}

/** For admission: only what may be as the watch cache has seen it. Whatever is read is remembered. */
export function rememberingWatched(resolver: Resolver, memory: ConfigMemory): Resolver {
  return recalling(resolver, memory, isAsWatched);
}

/** Answers to all of them at once, without waiting; undefined where one has to be read. */
export function recallAll(queries: readonly Query[], memory: ConfigMemory): WorldAnswers | undefined {
  const answers = createWorldAnswers();
  for (const query of queries) {
    const value = isAsWatched(query) ? memory.recall(query.namespace, query.name) : undefined;
    if (value === undefined) {
      return undefined;
    }
    answers.record(query, { state: 'present', value });
  }
  return answers;
}

function recalling(
  resolver: Resolver,
  memory: ConfigMemory,
  mayRecall: (query: Query) => query is AuthzConfigQuery,
): Resolver {
  return {
    resolve: async (queries, signal, flow) => {
      const answers = createWorldAnswers();
      const asked = queries.filter((query) => {
        const value = mayRecall(query) ? memory.recall(query.namespace, query.name) : undefined;
        if (value !== undefined) {
          answers.record(query, { state: 'present', value });
        }
        return value === undefined;
      });
      const fresh = asked.length === 0 ? answers : await resolver.resolve(asked, signal, flow);
      for (const query of asked) {
        const answer = fresh.answer(query);
        if (answer !== undefined) {
          answers.record(query, answer);
        }
        if (isOfConfig(query)) {
          memory.remember(query.namespace, query.name, fresh.answer(query));
        }
      }
      return answers;
    },
  };
}

function isOfConfig(query: Query): query is AuthzConfigQuery {
  return query.ask === 'authzConfig';
}
