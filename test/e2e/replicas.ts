/** A cluster with a Service in front of several replicas: accounts, permissions, names and registrations are the chart's. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { at, stringAt, type JsonObject } from '../../src/api/json.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import type { ControlPlane } from '../../src/cli/playground/control-plane.ts';
import { installCrds, must, startServerProcess, type ServerProcess } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { createKubeClient, loadKubeConfig, type KubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { renderRelease } from '../support/helm.ts';
import { eventually } from './cluster.ts';
import { keepMetrics, openControlPlane } from './control-plane.ts';
import { config, POLICY } from './objects.ts';

export const NAMESPACE = 'mcp-authz-system';
export const SERVICE = 'mcp-authz-webhook';

export interface ReplicaCluster {
  readonly controlPlane: ControlPlane;
  /** As administrator. */
  readonly client: KubeClient;
  readonly balancer: Balancer;
  /** Everything that the chart renders. */
  readonly release: readonly KubernetesObject[];
  /** Kubeconfig of one of the chart's accounts. */
  readonly accountOf: (name: string) => Promise<string>;
  /** Starts `serve` under the chart's account; not yet behind the Service. */
  start(flags?: readonly string[], program?: Partial<Program>): Promise<ServerProcess>;
  /** Starts one, waits until it is ready and puts it behind the Service. */
  join(flags?: readonly string[], program?: Partial<Program>): Promise<ServerProcess>;
  register(): Promise<void>;
  stop(): Promise<void>;
}

/** What is started: this build with this environment, where nothing else is said. */
export interface Program {
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const SELF_MANAGED = ['--service-name', SERVICE, '--service-namespace', NAMESPACE];

export interface ReplicaClusterOptions {
  /** More flags for the API server. */
  readonly apiServerFlags?: readonly string[];
  /** Gives the replicas another kubeconfig than that of their account, such as one of a proxy. */
  readonly through?: (kubeconfig: string) => Promise<string>;
}

export async function openReplicaCluster({
  apiServerFlags = [],
  through = (same) => Promise.resolve(same),
}: ReplicaClusterOptions = {}): Promise<ReplicaCluster> {
  const controlPlane = await openControlPlane({ apiServerFlags });
  const { kubectl } = controlPlane;
  const balancer = await startBalancer();
  await installCrds(kubectl, process.env['MCP_AUTHZ_CRDS'] ?? join(projectRoot(), 'test/crds'));
  const release = renderRelease(SERVICE, NAMESPACE);
  const install = (...kinds: readonly string[]): Promise<string> =>
    must(kubectl, ['apply', '-f', '-'], list(release.filter(({ kind }) => kinds.includes(kind))));
  await must(kubectl, ['create', 'namespace', NAMESPACE]);
  await install('ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding');
  const accountOf = async (name: string): Promise<string> => {
    const token = await must(kubectl, ['create', 'token', name, '-n', NAMESPACE, '--duration', '24h']);
    return controlPlane.kubeconfigFor(name, token.trim());
  };
  const kubeconfig = await through(await accountOf(SERVICE));
  const client = createKubeClient(loadKubeConfig({ kubeconfig: controlPlane.kubeconfigPath }));
  const replicas = new Set<ServerProcess>();
  const start: ReplicaCluster['start'] = async (flags = [], { root = projectRoot(), environment } = {}) => {
    const all = [
      ...['--kubeconfig', kubeconfig, '--port', '0', '--health-port', '0'],
      ...(flags.includes('--tls-cert-file') ? [] : SELF_MANAGED),
      ...flags,
    ];
    const replica = await startServerProcess(root, controlPlane.folder, all, environment);
    replicas.add(replica);
    return replica;
  };
  return {
    controlPlane,
    client,
    balancer,
    release,
    accountOf,
    start,
    join: async (...what) => {
      const replica = await start(...what);
      await ready(replica);
      balancer.add(replica.port);
      return replica;
    },
    register: async () => {
      await must(kubectl, ['apply', '-f', '-'], service());
      await must(kubectl, ['apply', '-f', '-'], list(registrations(release, balancer.port)));
    },
    stop: async () => {
      const running = [...replicas].filter(
        ({ process: { exitCode, signalCode } }) => (exitCode ?? signalCode) === null,
      );
      await Promise.all(running.map(({ healthPort }) => keepMetrics(healthPort)));
      await Promise.all(running.map((each) => each.stop()));
      client.close();
      await balancer.stop();
      await controlPlane.stop();
    },
  };
}

export async function ready({ healthPort }: ServerProcess, withinMs = 60_000): Promise<void> {
  let last = '';
  await eventually(
    'the replica is ready',
    async () => {
      const response = await fetch(`http://127.0.0.1:${String(healthPort)}/readyz`);
      last = await response.text();
      return response.status === 200;
    },
    withinMs,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${last}`);
  });
}

/** The API server resolves an ExternalName Service to that name, while TLS is checked against the name of the Service. */
function service(): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: SERVICE, namespace: NAMESPACE },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  });
}

/** The chart's, but for the port: nothing of a test can listen on 443. */
function registrations(release: readonly KubernetesObject[], port: number): readonly object[] {
  return release
    .filter(({ kind }) => kind.endsWith('WebhookConfiguration'))
    .map((configuration) => {
      const webhooks = at(configuration, 'webhooks') as readonly JsonObject[];
      return {
        ...configuration,
        webhooks: webhooks.map((webhook) => ({
          ...webhook,
          clientConfig: { service: { ...(at(webhook, 'clientConfig', 'service') as JsonObject), port } },
        })),
      };
    });
}

function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

export interface Balancer {
  readonly port: number;
  add(backend: number): void;
  /** No new connections to it; those that are open stay. */
  remove(backend: number): void;
  /** Cuts the open ones too. */
  cut(backend: number): void;
  /** Open connections to it. */
  connections(backend: number): number;
  stop(): Promise<void>;
}

/** Stands in for kube-proxy: passes connections on, in turn, and knows nothing of what is in them. */
export async function startBalancer(): Promise<Balancer> {
  const backends: number[] = [];
  const open = new Map<Socket, number>();
  let turn = 0;
  const server: Server = createServer({ allowHalfOpen: true }, (caller) => {
    const backend = backends[turn++ % backends.length];
    if (backend === undefined) {
      caller.destroy();
      return;
    }
    const callee = connect({ port: backend, host: '127.0.0.1', allowHalfOpen: true });
    open.set(callee, backend);
    callee.on('close', () => {
      open.delete(callee);
      caller.destroy();
    });
    caller.on('close', () => callee.destroy());
    callee.on('error', () => caller.resetAndDestroy());
    caller.on('error', () => callee.destroy());
    caller.pipe(callee);
    callee.pipe(caller);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, 'localhost', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    add: (backend) => void backends.push(backend),
    remove: (backend) => {
      backends.splice(backends.indexOf(backend), 1);
    },
    cut: (backend) => {
      open.forEach((port, socket) => (port === backend ? socket.destroy() : undefined));
    },
    connections: (backend) => [...open.values()].filter((port) => port === backend).length,
    stop: () =>
      new Promise((resolve) => {
        open.forEach((_backend, socket) => socket.destroy());
        server.close(() => {
          resolve();
        });
      }),
  };
}

export interface Load {
  /** Calls answered so far. */
  readonly answered: () => number;
  readonly failures: readonly string[];
  /** Ends, and waits for what is on its way. */
  stop(): Promise<void>;
}

/** Dry-run writes at a steady rate: in turn one that must pass and one that must be refused by us. */
export function startLoad(client: KubeClient, perSecond = 50): Load {
  const failures: string[] = [];
  const flying = new Set<Promise<void>>();
  const never = new AbortController().signal;
  let sent = 0;
  let answered = 0;
  const path = '/apis/toolhive.stacklok.dev/v1beta1/namespaces/default/mcpauthzconfigs';
  const ask = async (good: boolean, number: number): Promise<void> => {
    const body = config(`load-${String(number)}`, [good ? POLICY : 'this is no policy']);
    const outcome = await client
      .request({ method: 'POST', path, query: { dryRun: 'All' }, body, signal: never })
      .then((object) => stringAt(object, 'kind') ?? 'nothing')
      .catch((error: unknown) =>
        error instanceof ApiError ? `${String(error.status)} ${error.message}` : String(error),
      );
    answered += 1;
    if (good ? outcome !== 'MCPAuthzConfig' : !(outcome.startsWith('422') && outcome.includes('[authz-config]'))) {
      failures.push(`${new Date().toISOString()} ${outcome}`);
    }
  };
  const timer = setInterval(() => {
    sent += 1;
    const call = ask(sent % 2 === 0, sent).finally(() => flying.delete(call));
    flying.add(call);
  }, 1000 / perSecond);
  return {
    answered: () => answered,
    failures,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(flying);
    },
  };
}
