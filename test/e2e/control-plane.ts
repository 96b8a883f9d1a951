/**
 * A control plane for tests, whose output outlives it: the logs of every process, what the API server audits, every
 * event and the last metrics go where MCP_AUTHZ_E2E_OUTPUT says. test/output searches them for what must not be there.
 */
import { copyFileSync, createWriteStream, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from '../../src/cli/playground/control-plane.ts';
import { createKubeClient, loadKubeConfig } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { createWatchCache } from '../../src/kube/watch-cache.ts';
import { createTestLog } from '../support/log.ts';

export const OUTPUT = 'MCP_AUTHZ_E2E_OUTPUT';

export async function openControlPlane({
  progress = () => undefined,
  apiServerFlags = [],
}: Partial<Pick<ControlPlaneOptions, 'progress' | 'apiServerFlags'>> = {}): Promise<ControlPlane> {
  const kept = process.env[OUTPUT];
  if (kept === undefined) {
    return startControlPlane({ progress, apiServerFlags });
  }
  mkdirSync(kept, { recursive: true });
  const folder = mkdtempSync(join(kept, 'control-plane-'));
  const controlPlane = await startControlPlane({
    progress,
    apiServerFlags: [
      `--audit-policy-file=${join(import.meta.dirname, 'audit-policy.yaml')}`,
      `--audit-log-path=${join(folder, 'audit.log')}`,
      ...apiServerFlags, // the last of two is the one that counts
    ],
  });
  const stopListening = listenToEvents(controlPlane.kubeconfigPath, join(folder, 'events.log'));
  return {
    ...controlPlane,
    stop: async () => {
      await stopListening();
      for (const file of readdirSync(controlPlane.folder).filter((name) => name.endsWith('.log'))) {
        copyFileSync(join(controlPlane.folder, file), join(folder, file));
      }
      await controlPlane.stop();
    },
  };
}

/** Before it is told to end. */
export async function keepMetrics(healthPort: number): Promise<void> {
  const kept = process.env[OUTPUT];
  if (kept !== undefined) {
    const metrics = await (await fetch(`http://127.0.0.1:${String(healthPort)}/metrics`)).text();
    writeFileSync(join(mkdtempSync(join(kept, 'metrics-')), 'metrics.log'), metrics);
  }
}

/** Events go when their namespace goes, so they are written down as they come. */
function listenToEvents(kubeconfig: string, file: string): () => Promise<void> {
  const client = createKubeClient(loadKubeConfig({ kubeconfig }));
  const log = createWriteStream(file);
  const cache = createWatchCache({
    client,
    path: () => '/apis/events.k8s.io/v1/events',
    project: (event) => JSON.stringify(event),
    ...{ clock: systemClock, logger: createTestLog().logger },
  });
  cache.onChange(({ after }) => after !== undefined && log.write(`${after}\n`));
  const stopping = new AbortController();
  const ended = cache.run(stopping.signal);
  return async () => {
    stopping.abort();
    await ended;
    client.close();
    await new Promise((resolve) => log.end(resolve));
  };
}
