/**
 * Answers what rules ask, live from the API server. Absence is claimed only on its word; whatever else goes wrong is
 * `unknown`, with the reason.
 */
import { BYPASS_VERB } from '../api/names.ts';
import type { Analysis, AuthorizerSpec } from '../authorizers/analysis.ts';
import type { IsolatedAnalyzer } from '../authorizers/index.ts';
import { testMapOf } from '../decision-tests/config-map.ts';
import { NO_TESTS, type TestMap, type TestRunResults } from '../decision-tests/outcome.ts';
import { at, isJsonObject } from '../api/json.ts';
import { DECISION_TESTS_LABEL } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { AUTHZ_CONFIG, authorizationOf, authorizerSpecOf, GROUP, resourceOfKind, WORKLOADS } from '../api/toolhive.ts';
import { queryKey } from '../engine/query-key.ts';
import { createWorldAnswers, type WorldAnswers } from '../engine/world-view.ts';
import type {
  Answer,
  DecisionTestsQuestion,
  NamespaceFacts,
  Query,
  Referrer,
  ReferringWorkload,
  ResolvedConfig,
} from '../rules/contract.ts';
import type { KubeClient } from './client.ts';
import type { Discovery, ServedResources } from './discovery.ts';
import { getObject } from './get.ts';
import { listAll } from './list.ts';
import { configMapPath, objectPath } from './paths.ts';
import { byKindAndName, createReferrersOf, type KnownWorkloads } from './referrers.ts';

export type Analyze = (spec: AuthorizerSpec, signal: AbortSignal, flow?: string) => Promise<Analysis>;

export interface ResolverDeps {
  readonly client: KubeClient;
  readonly discovery: Discovery;
  readonly analyze: Analyze;
  readonly tests: TestRunner;
  /** What is remembered of workloads, where anything is: spares the reading of what has not changed since. */
  readonly known?: KnownWorkloads | undefined;
}

/** Decides test cases in a thread of its own. */
export type TestRunner = Pick<IsolatedAnalyzer, 'runTests' | 'testFaults'>;

export interface Resolver {
  /** Asks each query once, all at the same time. Analyses take turns by `flow`. Never rejects. */
  readonly resolve: (queries: readonly Query[], signal: AbortSignal, flow?: string) => Promise<WorldAnswers>;
}

export function createResolver({ client, discovery, analyze, tests, known }: ResolverDeps): Resolver {
  const referrersOf = createReferrersOf(client, known);

  async function served(signal: AbortSignal): Promise<ServedResources> {
    const found = await discovery.served(signal);
    if (found === undefined) {
      throw new Error(`the API server does not serve ${GROUP}`);
    }
    return found;
  }

  async function authzConfig(
    namespace: string,
    name: string,
    signal: AbortSignal,
    flow?: string,
  ): Promise<Answer<ResolvedConfig>> {
    const { version } = await served(signal);
    const object = await getObject(client, objectPath(version, namespace, AUTHZ_CONFIG.resource, name), signal);
    return object === undefined
      ? { state: 'absent' }
      : { state: 'present', value: { object, analysis: await analyze(authorizerSpecOf(object), signal, flow) } };
  }

  async function referrers(namespace: string, name: string, signal: AbortSignal): Promise<Answer<readonly Referrer[]>> {
    const { version, resources } = await served(signal);
    const kinds = WORKLOADS.filter((type) => resources.has(type.resource));
    const found = await Promise.all(kinds.map((type) => referrersOf(type, version, namespace, name, signal)));
    return { state: 'present', value: found.flat().sort(byKindAndName) };
  }

  async function workload(
    { kind, namespace, name }: Extract<Query, { ask: 'workload' }>,
    signal: AbortSignal,
    flow?: string,
  ): Promise<Answer<ReferringWorkload>> {
    const { version } = await served(signal);
    const path = objectPath(version, namespace, resourceOfKind(kind) ?? kind, name);
    const object = await getObject(client, path, signal);
    if (object === undefined) {
      return { state: 'absent' };
    }
    const { reference } = authorizationOf(object);
    const none: Answer<ResolvedConfig> = { state: 'absent' };
    const config = reference === undefined ? none : await orUnknown(authzConfig(namespace, reference, signal, flow));
    return { state: 'present', value: { object, config } };
  }

  async function configMap(namespace: string, name: string, signal: AbortSignal): Promise<Answer<KubernetesObject>> {
    const object = await getObject(client, configMapPath(namespace, name), signal);
    return object === undefined ? { state: 'absent' } : { state: 'present', value: object };
  }

  async function namespaceFacts(name: string, signal: AbortSignal): Promise<Answer<NamespaceFacts>> {
    const object = await getObject(client, `/api/v1/namespaces/${encodeURIComponent(name)}`, signal);
    return object === undefined
      ? { state: 'absent' }
      : {
          state: 'present',
          value: {
            terminating:
              object.metadata.deletionTimestamp !== undefined || at(object, 'status', 'phase') === 'Terminating',
            labels: object.metadata.labels ?? {},
          },
        };
  }

  async function decisionTests(
    { namespace, name, after, before }: DecisionTestsQuestion,
    signal: AbortSignal,
    flow?: string,
  ): Promise<Answer<TestRunResults>> {
    if (!isLabelValue(name)) {
      return { state: 'present', value: NO_TESTS };
    }
    const found = await testMaps(client, namespace, name, signal);
    const input = { ...found, config: name, after, before };
    return { state: 'present', value: found.maps.length === 0 ? NO_TESTS : await tests.runTests(input, signal, flow) };
  }

  return {
    resolve: async (queries, signal, flow) => {
      const answers = createWorldAnswers();
      const distinct = new Map(queries.map((query) => [queryKey(query), query]));
      const ask = async (query: Query): Promise<void> => {
        switch (query.ask) {
          case 'authzConfig':
            answers.record(query, await orUnknown(authzConfig(query.namespace, query.name, signal, flow)));
            return;
          case 'analysis':
            answers.record(
              query,
              await orUnknown(analyze(query.spec, signal, flow).then((value) => ({ state: 'present', value }))),
            );
            return;
          case 'referrers':
            answers.record(query, await orUnknown(referrers(query.namespace, query.name, signal)));
            return;
          case 'namespace':
            answers.record(query, await orUnknown(namespaceFacts(query.name, signal)));
            return;
          case 'mayBypass':
            answers.record(query, await orUnknown(mayBypass(client, query, signal)));
            return;
          case 'workload':
            answers.record(query, await orUnknown(workload(query, signal, flow)));
            return;
          case 'configMap':
            answers.record(query, await orUnknown(configMap(query.namespace, query.name, signal)));
            return;
          case 'decisionTests':
            answers.record(query, await orUnknown(decisionTests(query, signal, flow)));
            return;
          case 'decisionTestFaults':
            answers.record(
              query,
              await orUnknown(
                tests.testFaults(query.map, query.config, signal, flow).then((value) => ({ state: 'present', value })),
              ),
            );
        }
      };
      await Promise.all([...distinct.values()].map(ask));
      return answers;
    },
  };
}

/** The API server's own authorizer decides; it is asked for the verb, whatever the other rights of the user are. */
async function mayBypass(
  client: KubeClient,
  { namespace, name, user }: Extract<Query, { ask: 'mayBypass' }>,
  signal: AbortSignal,
): Promise<Answer<boolean>> {
  const review = await client.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: user.username,
        groups: user.groups,
        resourceAttributes: { group: GROUP, resource: AUTHZ_CONFIG.resource, verb: BYPASS_VERB, namespace, name },
      },
    },
    signal,
  });
  const allowed = at(review, 'status', 'allowed');
  if (typeof allowed !== 'boolean') {
    throw new Error('the API server did not say whether the user may');
  }
  return { state: 'present', value: allowed };
}

/** What cannot be the value of a label is no name that a ConfigMap could give. */
function isLabelValue(name: string): boolean {
  return /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name);
}

/** ConfigMaps and characters that are brought for one question; a thousand cases are less. */
const MOST_MAPS = 100;
const MOST_TEXT = 4 * 1024 * 1024;
/** A ConfigMap holds up to 1 MiB, so pages of the usual length might be large. */
const PAGE = 20;

/** Sorted by name, as the API server lists them, so that the same cases are asked where there is no room for all. */
async function testMaps(
  client: KubeClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly maps: readonly TestMap[]; readonly unlisted: readonly string[] }> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
  const found = new Map<string, TestMap>();
  const unlisted = new Set<string>();
  let size = 0;
  const labelSelector = `${DECISION_TESTS_LABEL}=${name}`;
  for await (const page of listAll(client, { path, labelSelector, page: PAGE, signal })) {
    for (const map of page.filter(isLive).map(testMapOf)) {
      size += found.has(map.name) ? 0 : textOf(map);
      if (found.size < MOST_MAPS && size <= MOST_TEXT) {
        found.set(map.name, map);
      } else if (!found.has(map.name)) {
        unlisted.add(map.name);
      }
    }
  }
  const maps = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { maps, unlisted: [...unlisted] };
}

function textOf({ data }: TestMap): number {
  return isJsonObject(data)
    ? Object.values(data).reduce<number>((sum, text) => sum + (typeof text === 'string' ? text.length : 0), 0)
    : 0;
}

function isLive({ metadata }: KubernetesObject): boolean {
  return metadata.deletionTimestamp === undefined;
}

async function orUnknown<T>(answer: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await answer;
  } catch (error) {
    return { state: 'unknown', why: error instanceof Error ? error.message : String(error) };
  }
}
