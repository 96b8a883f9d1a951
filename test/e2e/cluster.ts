/** What the end-to-end tests share: one control plane, one server, made by global-setup.ts. */
import { execFile } from 'node:child_process';
import { must } from '../../src/cli/playground/environment.ts';
import type { Kubectl, KubectlResult } from '../../src/cli/playground/demonstration.ts';

/** Handed from the global set-up to the test processes through the environment. */
export interface SharedCluster {
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly folder: string;
  readonly port: number;
  readonly healthPort: number;
  readonly logFile: string;
}

export const SHARED = 'MCP_AUTHZ_E2E_CLUSTER';

export function sharedCluster(): SharedCluster {
  const text = process.env[SHARED];
  if (text === undefined) {
    throw new Error('the global set-up did not run');
  }
  return JSON.parse(text) as SharedCluster; // written by global-setup.ts
}

export const kubectl: Kubectl = (args, input) => {
  const { kubectl: program, kubeconfig } = sharedCluster();
  return new Promise<KubectlResult>((resolve) => {
    const child = execFile(
      program,
      args,
      { env: { ...process.env, KUBECONFIG: kubeconfig }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
};

/** A namespace of its own for a test, removed afterwards without waiting. */
export async function makeNamespace(labels: Readonly<Record<string, string>> = {}): Promise<string> {
  const name = `e2e-${Math.random().toString(36).slice(2, 10)}`;
  await must(
    kubectl,
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
  );
  return name;
}

export async function apply(namespace: string, ...objects: readonly object[]): Promise<KubectlResult> {
  return kubectl(
    ['apply', '-n', namespace, '-f', '-'],
    objects.map((object) => JSON.stringify(object)).join('\n---\n'),
  );
}

export async function applied(namespace: string, ...objects: readonly object[]): Promise<KubectlResult> {
  const result = await apply(namespace, ...objects);
  if (result.code !== 0) {
    throw new Error(result.stderr);
  }
  return result;
}

/** The object as the API server has it, undefined where it has none. */
export async function get(
  namespace: string,
  resource: string,
  name: string,
): Promise<Record<string, unknown> | undefined> {
  const { stdout } = await kubectl(['get', resource, name, '-n', namespace, '-o', 'json', '--ignore-not-found']);
  return stdout.trim() === '' ? undefined : (JSON.parse(stdout) as Record<string, unknown>);
}

/** Asks until the answer is yes. @throws Error with what was seen last when the time is up. */
export async function eventually(what: string, condition: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${String(withinMs / 1000)} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
