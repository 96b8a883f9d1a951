/** A real control plane on loopback: etcd, kube-apiserver and kube-controller-manager. Nothing runs its Pods. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOrBuildBinaries, type Binaries } from './binaries.ts';
import { writeCredentials, writeKubeconfig, type Credentials } from './credentials.ts';
import type { Kubectl, KubectlResult } from './demonstration.ts';
import { freePorts } from './free-ports.ts';
import { supervise, type Supervised } from './processes.ts';
import { projectRoot } from './root.ts';

export interface ControlPlane {
  /** Of the administrator. */
  readonly kubeconfigPath: string;
  /** Data, logs, certificates and kubeconfigs; removed by {@link stop}. */
  readonly folder: string;
  readonly kubectl: Kubectl;
  readonly kubectlPath: string;
  /** kubectl as somebody else, by kubeconfig file. */
  readonly kubectlAs: (kubeconfig: string) => Kubectl;
  readonly kubeconfigFor: (name: string, token: string) => string;
  readonly apiServer: () => Supervised;
  readonly etcd: Supervised;
  /** Where etcd answers, also with JSON over HTTP (/v3/kv/range). */
  readonly etcdUrl: string;
  /** Starts the API server anew on the same port and waits until it is ready. */
  restartApiServer(): Promise<void>;
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  readonly progress: (text: string) => void;
  /** More flags for the API server. */
  readonly apiServerFlags?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const READY_WITHIN_MS = 90_000;
const POLL_MS = 100;

const CONTROLLERS = [
  'namespace-controller',
  'garbage-collector-controller',
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'serviceaccount-controller',
  'disruption-controller',
  'root-ca-certificate-publisher-controller',
];

export async function startControlPlane({
  progress,
  environment = process.env,
  apiServerFlags = [],
}: ControlPlaneOptions): Promise<ControlPlane> {
  const binaries = await findOrBuildBinaries({ root: projectRoot(), environment, building: buildProgress(progress) });
  const folder = mkdtempSync(join(tmpdir(), 'mcp-authz-cluster-'));
  const processes: Supervised[] = [];
  try {
    progress('starting etcd, kube-apiserver and kube-controller-manager');
    return await start(binaries, folder, apiServerFlags, processes);
  } catch (error) {
    await Promise.all(processes.map((each) => each.stop()));
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A line at the start and then one every fifteen seconds: the build takes minutes, once. */
function buildProgress(progress: (text: string) => void): (seconds: number) => void {
  let next = 0;
  return (seconds) => {
    if (seconds >= next) {
      progress(`building the control plane, once (5 to 10 minutes on two cores): ${String(Math.round(seconds))} s`);
      next = seconds + 15;
    }
  };
}

async function start(
  binaries: Binaries,
  folder: string,
  flags: readonly string[],
  processes: Supervised[],
): Promise<ControlPlane> {
  const [etcdPort, peerPort, apiPort, managerPort] = await freePorts();
  const files = await writeCredentials(folder, apiPort);
  const server = `https://127.0.0.1:${String(apiPort)}`;
  const run = (name: keyof Binaries, args: readonly string[]): Supervised => {
    const started = supervise(name, binaries[name], args, join(folder, `${name}.log`));
    processes.push(started);
    return started;
  };
  const etcd = run('etcd', etcdArgs(folder, etcdPort, peerPort));
  const startApiServer = (): Supervised =>
    run('kube-apiserver', [...apiServerArgs(files, apiPort, etcdPort), ...flags]);
  let apiServer = startApiServer();
  await until(() => isReady(server, files), [etcd, apiServer], 'the API server is not ready');
  const kubectl = kubectlWith(binaries.kubectl, files.kubeconfig);
  const manager = run('kube-controller-manager', managerArgs(files, managerPort));
  const accountReady = async (): Promise<boolean> =>
    (await kubectl(['get', 'serviceaccount', 'default', '-n', 'default'])).code === 0;
  await until(accountReady, [etcd, apiServer, manager], 'the controllers do not work');
  return {
    kubeconfigPath: files.kubeconfig,
    folder,
    kubectl,
    kubectlPath: binaries.kubectl,
    kubectlAs: (kubeconfig) => kubectlWith(binaries.kubectl, kubeconfig),
    kubeconfigFor: (name, token) =>
      writeKubeconfig(join(folder, `${name}.kubeconfig`), server, files.ca.cert, { token }),
    apiServer: () => apiServer,
    etcd,
    etcdUrl: `http://127.0.0.1:${String(etcdPort)}`,
    restartApiServer: async () => {
      await apiServer.stop();
      apiServer = startApiServer();
      await until(() => isReady(server, files), [etcd, apiServer], 'the API server is not ready');
    },
    stop: async () => {
      // In the order of who talks to whom, so that nobody spends its last seconds retrying.
      for (const each of processes.toReversed()) {
        await each.stop();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function etcdArgs(folder: string, port: number, peerPort: number): readonly string[] {
  const client = `http://127.0.0.1:${String(port)}`;
  const peer = `http://127.0.0.1:${String(peerPort)}`;
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync', // the data is thrown away anyway
  ];
}

function apiServerArgs({ path }: Credentials, port: number, etcdPort: number): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${String(etcdPort)}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${String(port)}`,
    `--tls-cert-file=${path('apiserver.crt')}`,
    `--tls-private-key-file=${path('apiserver.key')}`,
    `--client-ca-file=${path('ca.crt')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${path('service-account.key')}`,
    `--service-account-signing-key-file=${path('service-account.key')}`,
    '--endpoint-reconciler-type=none',
  ];
}

function managerArgs({ path, kubeconfig }: Credentials, port: number): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${String(port)}`,
    `--cert-dir=${path('controller-manager')}`,
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${path('service-account.key')}`,
    `--root-ca-file=${path('ca.crt')}`,
    `--controllers=${CONTROLLERS.join(',')}`,
  ];
}

function isReady(server: string, { ca, admin }: Credentials): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(
      `${server}/readyz`,
      { ca: ca.cert, cert: admin.cert, key: admin.key, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    call.on('error', () => {
      resolve(false);
    });
    call.end();
  });
}

/** @throws Error with the last log lines of whoever ended, or of all when the time is up. */
async function until(condition: () => Promise<boolean>, processes: readonly Supervised[], what: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await condition())) {
    const dead = processes.find((each) => each.ended() !== undefined);
    if (dead !== undefined) {
      throw new Error(`${dead.name} ${dead.ended() ?? ''}; its last lines:\n${dead.tail()}`);
    }
    if (performance.now() > deadline) {
      throw new Error(
        `${what} after ${String(READY_WITHIN_MS / 1000)} s:\n${processes.map((each) => each.tail()).join('\n')}`,
      );
    }
    await sleep(POLL_MS);
  }
}

function kubectlWith(program: string, kubeconfig: string): Kubectl {
  return (args, input) =>
    new Promise<KubectlResult>((resolve) => {
      const child = execFile(
        program,
        args,
        { env: { ...process.env, KUBECONFIG: kubeconfig }, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
          resolve({ code, stdout, stderr });
        },
      );
      child.stdin?.on('error', () => undefined); // kubectl may end without reading
      child.stdin?.end(input ?? '');
    });
}
