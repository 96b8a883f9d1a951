/** Asks the API server of the current context, as the webhook asks it before a deletion. */
import type { Analysis, AuthorizerSpec } from '../../authorizers/analysis.ts';
import { worldViewOf } from '../../engine/world-view.ts';
import { createKubeClient, loadKubeConfig } from '../../kube/client.ts';
import { createDiscovery } from '../../kube/discovery.ts';
import { NO_TESTS } from '../../decision-tests/outcome.ts';
import { createResolver, type TestRunner } from '../../kube/resolve.ts';
import type { Query } from '../../rules/contract.ts';
import type { UsedBy } from './used-by.ts';

export interface ClusterOptions {
  readonly name: string;
  /** The context's, where it is not given. */
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Long enough for large namespaces behind a slow connection; Ctrl-C ends it sooner. */
const TIMEOUT_MS = 60_000;

/** @throws Error where the API server does not say. */
export async function usedByInCluster({ name, namespace, kubeconfig, context }: ClusterOptions): Promise<UsedBy> {
  const config = loadKubeConfig({ kubeconfig, context });
  const where = namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  const client = createKubeClient(config);
  const discovery = createDiscovery({ client, clock: () => performance.now() });
  const { resolve } = createResolver({ client, discovery, analyze: unasked, tests: UNASKED_TESTS });
  try {
    const existence: Query = { ask: 'authzConfig', namespace: where, name };
    const use: Query = { ask: 'referrers', namespace: where, name };
    const queries = [existence, use];
    const world = worldViewOf(queries, await resolve(queries, AbortSignal.timeout(TIMEOUT_MS)));
    const [found, referrers] = [world.authzConfig(where, name), world.referrers(where, name)];
    for (const answer of [referrers, found]) {
      if (answer.state === 'unknown') {
        throw new Error(answer.why);
      }
    }
    return {
      namespace: where,
      name,
      exists: found.state === 'present',
      referrers: referrers.state === 'present' ? referrers.value : [],
    };
  } finally {
    client.close();
  }
}

const UNASKED_TESTS: TestRunner = {
  runTests: () => Promise.resolve(NO_TESTS),
  testFaults: () => Promise.resolve([]),
};

/** Whether the config is there is asked, not what it says. */
function unasked({ type }: AuthorizerSpec): Promise<Analysis> {
  return Promise.resolve({ type, problems: [], advice: [] });
}
