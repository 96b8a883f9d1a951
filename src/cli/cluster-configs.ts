/** The MCPAuthzConfigs of a namespace, from the API server of the current context. */
import type { KubernetesObject } from '../api/objects.ts';
import { AUTHZ_CONFIG, GROUP } from '../api/toolhive.ts';
import { createKubeClient, loadKubeConfig } from '../kube/client.ts';
import { createDiscovery } from '../kube/discovery.ts';
import { listAll } from '../kube/list.ts';
import { objectPath } from '../kube/paths.ts';
import type { ClusterFlags } from './cluster-options.ts';

const TIMEOUT_MS = 60_000;

/** @throws Error where the API server does not say. */
export async function clusterConfigs({
  namespace,
  kubeconfig,
  context,
}: ClusterFlags): Promise<readonly KubernetesObject[]> {
  const config = loadKubeConfig({ kubeconfig, context });
  const where = namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  const client = createKubeClient(config);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const served = await createDiscovery({ client, clock: () => performance.now() }).served(signal);
    if (served === undefined) {
      throw new Error(`the API server does not serve ${GROUP}`);
    }
    const path = objectPath(served.version, where, AUTHZ_CONFIG.resource);
    const found: KubernetesObject[] = [];
    for await (const page of listAll(client, { path, signal })) {
      found.push(...page);
    }
    return found;
  } finally {
    client.close();
  }
}
