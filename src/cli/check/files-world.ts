/** The world as the files tell it: what is not among them is unknown, unless the files are said to be everything. */
import type { Analysis, AuthorizerSpec } from '../../authorizers/analysis.ts';
import { at } from '../../api/json.ts';
import type { IsolatedAnalyzer } from '../../authorizers/index.ts';
import { DECISION_TESTS_LABEL } from '../../api/names.ts';
import { isConfigMap, label, type KubernetesObject } from '../../api/objects.ts';
import { testMapOf } from '../../decision-tests/config-map.ts';
import { NO_TESTS, type TestRunResults } from '../../decision-tests/outcome.ts';
import { authorizationOf, authorizerSpecOf, isAuthzConfig, isWorkload } from '../../api/toolhive.ts';
import { createWorldAnswers, type WorldAnswers } from '../../engine/world-view.ts';
import type {
  Answer,
  DecisionTestsQuestion,
  NamespaceFacts,
  Query,
  Referrer,
  ResolvedConfig,
} from '../../rules/contract.ts';

export interface FilesWorld {
  readonly objects: readonly KubernetesObject[];
  readonly namespaces: readonly KubernetesObject[];
  readonly closed: boolean;
  readonly analyze: (spec: AuthorizerSpec) => Promise<Analysis>;
  readonly tests: Pick<IsolatedAnalyzer, 'runTests' | 'testFaults'>;
}

const NOT_AMONG: Answer<never> = { state: 'unknown', why: 'it is not among the files' };
const OTHERS: Answer<never> = { state: 'unknown', why: 'none of the files does, and there may be others' };
const ABSENT: Answer<never> = { state: 'absent' };

export async function answersOf(queries: readonly Query[], world: FilesWorld): Promise<WorldAnswers> {
  const answers = createWorldAnswers();
  for (const query of queries) {
    switch (query.ask) {
      case 'analysis':
        answers.record(query, await analysisOf(query.spec, world));
        break;
      case 'authzConfig':
        answers.record(query, await configOf(query.namespace, query.name, world));
        break;
      case 'referrers':
        answers.record(query, referrersOf(query.namespace, query.name, world));
        break;
      case 'namespace':
        answers.record(query, namespaceOf(query.name, world));
        break;
      case 'decisionTests':
        answers.record(query, await orUnknown(decisionTests(query, world)));
        break;
      case 'decisionTestFaults':
        answers.record(query, await orUnknown(world.tests.testFaults(query.map, query.config)));
        break;
      case 'mayBypass':
      case 'workload':
      case 'configMap':
        // Asked about deletions with a broken glass and about pods; only a cluster knows.
        answers.record(query, { state: 'unknown', why: 'only a cluster knows' });
    }
  }
  return answers;
}

async function orUnknown<T>(answer: Promise<T>): Promise<Answer<T>> {
  try {
    return { state: 'present', value: await answer };
  } catch (error) {
    return { state: 'unknown', why: error instanceof Error ? error.message : String(error) };
  }
}

/** Those among the files; that the cluster may have more is nothing to warn of at every change. */
async function decisionTests(
  { namespace, name, after, before }: DecisionTestsQuestion,
  { objects, tests }: FilesWorld,
): Promise<TestRunResults> {
  const maps = objects
    .filter(
      (object) =>
        isConfigMap(object) && object.metadata.namespace === namespace && label(object, DECISION_TESTS_LABEL) === name,
    )
    .map(testMapOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return maps.length === 0 ? NO_TESTS : tests.runTests({ maps, config: name, after, before });
}

async function analysisOf(spec: AuthorizerSpec, { analyze }: FilesWorld): Promise<Answer<Analysis>> {
  try {
    return { state: 'present', value: await analyze(spec) };
  } catch (error) {
    return { state: 'unknown', why: error instanceof Error ? error.message : String(error) };
  }
}

async function configOf(namespace: string, name: string, world: FilesWorld): Promise<Answer<ResolvedConfig>> {
  const object = world.objects.find(
    (candidate) =>
      isAuthzConfig(candidate) && candidate.metadata.namespace === namespace && candidate.metadata.name === name,
  );
  if (object === undefined) {
    return world.closed ? ABSENT : NOT_AMONG;
  }
  const analysis = await analysisOf(authorizerSpecOf(object), world);
  return analysis.state === 'present' ? { state: 'present', value: { object, analysis: analysis.value } } : analysis;
}

/** Those among the files are certain, so they are told even where there may be more. */
function referrersOf(namespace: string, name: string, world: FilesWorld): Answer<readonly Referrer[]> {
  const found = world.objects
    .filter(
      (object) =>
        isWorkload(object) && object.metadata.namespace === namespace && authorizationOf(object).reference === name,
    )
    .map(({ kind, metadata }) => ({ kind, name: metadata.name ?? '' }))
    .sort((a, b) => (`${a.kind}/${a.name}` < `${b.kind}/${b.name}` ? -1 : 1));
  return found.length > 0 || world.closed ? { state: 'present', value: found } : OTHERS;
}

function namespaceOf(name: string, world: FilesWorld): Answer<NamespaceFacts> {
  const object = world.namespaces.find(({ metadata }) => metadata.name === name);
  if (object === undefined) {
    return world.closed ? { state: 'present', value: { terminating: false, labels: {} } } : NOT_AMONG;
  }
  return {
    state: 'present',
    value: {
      terminating: at(object, 'metadata', 'deletionTimestamp') !== undefined,
      labels: object.metadata.labels ?? {},
    },
  };
}
