import type { ControlPlane } from '../../src/cli/playground/control-plane.ts';
import { startEnvironment, type Environment } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { SHARED, type SharedCluster } from './cluster.ts';
import { keepMetrics, openControlPlane } from './control-plane.ts';

interface Started {
  cluster?: ControlPlane;
  environment?: Environment;
}

/** Kept for the tear-down: it runs in the same process, but jest loads its modules anew. */
const holder = globalThis as typeof globalThis & { mcpAuthzE2e?: Started };

export async function stopStarted(): Promise<void> {
  const { environment } = holder.mcpAuthzE2e ?? {};
  if (environment !== undefined) {
    await keepMetrics(environment.server.healthPort);
    await environment.stop();
  }
  await holder.mcpAuthzE2e?.cluster?.stop();
}

// jest wants a default export here.
// eslint-disable-next-line import-x/no-default-export -- the interface of jest's globalSetup
export default async function setUp(): Promise<void> {
  const say = (text: string): void => {
    process.stderr.write(`· ${text}\n`);
  };
  const root = projectRoot();
  const crds = process.env['MCP_AUTHZ_CRDS'];
  const started: Started = {};
  holder.mcpAuthzE2e = started;
  const cluster = await openControlPlane({ progress: say });
  started.cluster = cluster;
  const environment = await startEnvironment(
    cluster,
    // Shorter than the default, so that the tests need not wait for it; race.test.ts checks that it is long enough here.
    {
      root,
      flags: ['--admission-grace', '5', '--rollout', 'Evict', '--log-level', 'debug'],
      ...(crds === undefined ? {} : { crds }),
    },
    say,
  );
  started.environment = environment;
  const shared: SharedCluster = {
    kubectl: cluster.kubectlPath,
    kubeconfig: cluster.kubeconfigPath,
    folder: cluster.folder,
    port: environment.server.port,
    healthPort: environment.server.healthPort,
    logFile: environment.server.logFile,
  };
  process.env[SHARED] = JSON.stringify(shared);
}
