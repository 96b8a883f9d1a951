/** A world made of plain objects, complete: what is not among them does not exist. */
import { analyze, createCedar, createPreparedDecider } from '../../src/authorizers/index.ts';
import { runTestMaps, testMapFaults } from '../../src/decision-tests/change.ts';
import { ADMISSION_ROOM } from '../../src/decision-tests/outcome.ts';
import { createTestMapReader } from '../../src/decision-tests/test-map.ts';
import { testMapOf } from '../../src/decision-tests/config-map.ts';
import { DECISION_TESTS_LABEL } from '../../src/api/names.ts';
import { at } from '../../src/api/json.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { authorizationOf, authorizerSpecOf, isAuthzConfig, isWorkload } from '../../src/api/toolhive.ts';
import { createWorldAnswers, type WorldAnswers } from '../../src/engine/world-view.ts';
import type { Query, Referrer } from '../../src/rules/contract.ts';
import { ABSENT, NAMESPACE, present } from './answers.ts';

const cedar = createCedar();
const tools = { decider: createPreparedDecider(cedar), read: createTestMapReader() };
/** A clock that stands still: tests are not cut short by a slow machine. */
const room = { ...ADMISSION_ROOM, clock: () => 0 };

export function clusterWorld(objects: readonly KubernetesObject[]): (queries: readonly Query[]) => WorldAnswers {
  return (queries) => {
    const answers = createWorldAnswers();
    for (const query of queries) {
      answerQuery(query, objects, answers);
    }
    return answers;
  };
}

function answerQuery(
  query: Query,
  objects: readonly KubernetesObject[],
  answers: ReturnType<typeof createWorldAnswers>,
): void {
  switch (query.ask) {
    case 'analysis':
      answers.record(query, present(analyze(query.spec, cedar)));
      return;
    case 'authzConfig': {
      const object = objects.find(
        (candidate) => isAuthzConfig(candidate) && isNamed(candidate, query.namespace, query.name),
      );
      answers.record(
        query,
        object === undefined ? ABSENT : present({ object, analysis: analyze(authorizerSpecOf(object), cedar) }),
      );
      return;
    }
    case 'mayBypass':
      answers.record(query, present(query.user.groups.includes('glass-breakers')));
      return;
    case 'referrers':
      answers.record(query, present(referrers(objects, query.namespace, query.name)));
      return;
    case 'decisionTests': {
      const maps = objects
        .filter(
          ({ kind, metadata }) =>
            kind === 'ConfigMap' &&
            metadata.namespace === query.namespace &&
            metadata.labels?.[DECISION_TESTS_LABEL] === query.name,
        )
        .map(testMapOf);
      const input = { maps, config: query.name, after: query.after, before: query.before };
      answers.record(query, present(runTestMaps(input, tools, room)));
      return;
    }
    case 'decisionTestFaults':
      answers.record(query, present(testMapFaults(query.map, query.config)));
      return;
    case 'namespace': {
      const object = objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === query.name);
      answers.record(
        query,
        object === undefined
          ? NAMESPACE
          : present({
              terminating: at(object, 'metadata', 'deletionTimestamp') !== undefined,
              labels: object.metadata.labels ?? {},
            }),
      );
      return;
    }
    case 'workload': {
      const object = objects.find(
        (candidate) => candidate.kind === query.kind && isNamed(candidate, query.namespace, query.name),
      );
      if (object === undefined) {
        answers.record(query, ABSENT);
        return;
      }
      const { reference } = authorizationOf(object);
      const asked = { ask: 'authzConfig', namespace: query.namespace, name: reference ?? '' } as const;
      const answered = clusterWorld(objects)([asked]).answer(asked);
      answers.record(query, present({ object, config: answered ?? ABSENT }));
      return;
    }
    case 'configMap': {
      const object = objects.find(
        (candidate) => candidate.kind === 'ConfigMap' && isNamed(candidate, query.namespace, query.name),
      );
      answers.record(query, object === undefined ? ABSENT : present(object));
    }
  }
}

function referrers(objects: readonly KubernetesObject[], namespace: string, name: string): readonly Referrer[] {
  return objects
    .filter(
      (object) =>
        isWorkload(object) && object.metadata.namespace === namespace && authorizationOf(object).reference === name,
    )
    .map(({ kind, metadata }) => ({ kind, name: metadata.name ?? '' }));
}

function isNamed({ metadata }: KubernetesObject, namespace: string, name: string): boolean {
  return metadata.namespace === namespace && metadata.name === name;
}
