/** A real control plane with our server in it, pinned as everywhere; the control plane itself runs where it likes. */
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '../../src/cli/playground/control-plane.ts';
import { installCrds, must } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { ACCOUNT } from '../../src/cli/manifests/kustomize.ts';
import { parseTarget, renderManifests } from '../../src/cli/manifests/manifests.ts';
import { createKubeClient, loadKubeConfig, type ApiRequest, type KubeClient } from '../../src/kube/client.ts';
import { startOurs, untilReady, type Program, type ProgramOptions } from './programs.ts';
import type { SectionContext } from './section.ts';

export const GROUP_PATH = '/apis/toolhive.stacklok.dev/v1beta1';

export interface RealCluster {
  readonly controlPlane: ControlPlane;
  /** As administrator. */
  readonly client: KubeClient;
  readonly ours: Program;
  /** For peers. */
  readonly programOptions: ProgramOptions;
  readonly request: (call: Omit<ApiRequest, 'signal'>) => Promise<unknown>;
  /** The API server's own metrics. */
  readonly metrics: () => Promise<string>;
  readonly namespace: (name: string) => Promise<void>;
}

export interface RealClusterOptions {
  readonly flags?: readonly string[];
  /** Whether the API server asks our webhooks. */
  readonly registered: boolean;
  /** Another replica leads: ours reads and remembers everything, and writes nothing. */
  readonly standsBy?: boolean;
}

export async function withRealCluster<T>(
  { folder, certificates, say }: SectionContext,
  { flags = [], registered, standsBy = false }: RealClusterOptions,
  use: (cluster: RealCluster) => Promise<T>,
): Promise<T> {
  const controlPlane = await startControlPlane({ progress: say });
  const { kubectl } = controlPlane;
  const client = createKubeClient(loadKubeConfig({ kubeconfig: controlPlane.kubeconfigPath }));
  let ours: Program | undefined;
  try {
    await installCrds(kubectl, join(projectRoot(), 'test/crds'));
    await must(kubectl, ['apply', '-f', join(projectRoot(), 'webhooks/rbac.yaml')]);
    if (standsBy) {
      await must(kubectl, ['create', '-f', '-'], JSON.stringify(TAKEN_LEASE));
    }
    const { namespace, name } = ACCOUNT;
    const token = await must(kubectl, ['create', 'token', name, '-n', namespace, '--duration', '24h']);
    const kubeconfig = controlPlane.kubeconfigFor(name, token.trim());
    const programOptions = { folder, certificates, kubeconfig, say };
    ours = await startOurs(programOptions, { flags });
    await untilReady(ours);
    if (registered) {
      await register(controlPlane, ours);
    }
    const signal = AbortSignal.timeout(30 * 60_000);
    const request = (call: Omit<ApiRequest, 'signal'>): Promise<unknown> => client.request({ ...call, signal });
    return await use({
      ...{ controlPlane, client, ours, programOptions, request },
      metrics: () => must(kubectl, ['get', '--raw', '/metrics']),
      namespace: async (made) => {
        await must(kubectl, ['create', 'namespace', made]);
      },
    });
  } finally {
    await ours?.process.stop();
    client.close();
    await controlPlane.stop();
  }
}

const TAKEN_LEASE = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'mcp-authz-webhook', namespace: 'mcp-authz-system' },
  spec: { holderIdentity: 'another replica', leaseDurationSeconds: 24 * 60 * 60 },
};

async function register({ kubectl }: ControlPlane, { target: { port, ca } }: Program): Promise<void> {
  const target = parseTarget({ url: `https://127.0.0.1:${String(port)}` }, ca);
  if ('fault' in target) {
    throw new Error(target.fault);
  }
  await must(kubectl, ['apply', '-f', '-'], renderManifests({ target, account: ACCOUNT }));
}

/** Runs `work` for each number below `count`, so many at a time. */
export async function inParallel(
  count: number,
  width: number,
  work: (number: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      await work(number);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
