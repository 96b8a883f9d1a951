/** A control plane of its own, two replicas that see it through a proxy, and what happens in it while a fault lasts. */
import type { ServerProcess } from '../../../src/cli/playground/environment.ts';
import { must } from '../../../src/cli/playground/environment.ts';
import { startFaultProxy, type FaultProxy } from '../../support/fault-proxy.ts';
import { adminApi, hasCode, type Api } from '../api.ts';
import { eventually } from '../cluster.ts';
import { clusterOf, operate } from '../deployments.ts';
import { config, KINDS, POLICY, workload } from '../objects.ts';
import { openReplicaCluster, startLoad, type Load, type ReplicaCluster } from '../replicas.ts';
import { isNothing, losses, type Losses } from './model.ts';

export interface World {
  readonly cluster: ReplicaCluster;
  /** As administrator, not through the proxy. */
  readonly api: Api;
  readonly proxy: FaultProxy;
  /** Those behind the Service that belong to no test alone. */
  readonly replicas: ServerProcess[];
}

/** No replica yet. */
export async function openWorld(): Promise<World> {
  let proxy: FaultProxy | undefined;
  const cluster = await openReplicaCluster({
    through: async (kubeconfig) => {
      proxy = await startFaultProxy(kubeconfig);
      return proxy.kubeconfig(kubeconfig);
    },
  });
  if (proxy === undefined) {
    throw new Error('the replicas were given no kubeconfig');
  }
  await cluster.register();
  return { cluster, api: adminApi(cluster.controlPlane.kubeconfigPath), proxy, replicas: [] };
}

export async function closeWorld({ cluster, api, proxy }: World): Promise<void> {
  proxy.interfere(undefined);
  proxy.holdWatches(false);
  api.close();
  await cluster.stop();
  await proxy.close();
}

/** Shorter than usual, so that less is waited for: the grace, and how often certificates are looked at. */
export const FLAGS = ['--admission-grace', '2', '--tls-leaf-lifetime', '150s', '--tls-ca-lifetime', '450s'];

/** Another replica behind the Service. */
export async function join({ cluster, replicas }: World, flags: readonly string[] = []): Promise<ServerProcess> {
  const replica = await cluster.join([...FLAGS, ...flags]);
  replicas.push(replica);
  return replica;
}

/** As Pods go: out of the Service first, then SIGTERM. */
export async function leave({ cluster, replicas }: World, ...going: readonly ServerProcess[]): Promise<void> {
  for (const replica of going) {
    cluster.balancer.remove(replica.port);
    replicas.splice(replicas.indexOf(replica), 1);
  }
  await Promise.all(going.map((replica) => replica.stop()));
}

export interface Fault {
  readonly name: string;
  /** Where the API server itself does not answer, nobody's calls do; else none may fail. */
  readonly apiServerAnswers: boolean;
  /** More to print. */
  readonly about?: object;
  begin(): Promise<void> | void;
  /** While it lasts, beside the changes that are made in any case. */
  during?(namespace: string): Promise<void>;
  end(): Promise<void> | void;
}

export interface Report extends Losses {
  readonly fault: string;
  readonly recoveredInMs: number;
  readonly answered: number;
  /** Contrary to what the rules say. */
  readonly wrongAnswers: readonly string[];
  readonly failedCalls: readonly string[];
}

/** Nothing was lost, in words that a failure shows. */
export const NOTHING_LOST = { dangling: [], outOfStep: [], unguarded: [], wrongAnswers: [], failedCalls: [] };

/** Changes and admission calls go on while the fault lasts; then everything must be as if it had never been. */
export async function suffer(world: World, fault: Fault): Promise<Report> {
  const { api, cluster } = world;
  const namespace = await openNamespace(world);
  const before = await begun(world, namespace);
  const load = startLoad(cluster.client, PER_SECOND);
  await fault.begin();
  const changing = changed(world, namespace);
  await fault.during?.(namespace);
  await fault.end();
  const ended = performance.now();
  await changing;
  await settled(api, namespace);
  const settledAt = performance.now();
  const answeringAt = await answering(load);
  const recoveredInMs = Math.round(Math.max(settledAt, answeringAt) - ended);
  await load.stop();
  const failed = load.failures.filter((failure) => UNANSWERED.test(failure));
  const report: Report = {
    ...{ fault: fault.name, recoveredInMs, answered: load.answered() },
    ...(await losses(api, namespace)),
    wrongAnswers: [...before, ...load.failures.filter((failure) => !UNANSWERED.test(failure))],
    failedCalls: fault.apiServerAnswers ? failed : [],
  };
  tell(report, { failedWhileDown: fault.apiServerAnswers ? 0 : failed.length, ...fault.about });
  await cluster.controlPlane.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  return report;
}

/** Calls. One starved replica must be able to answer them, wherever the tests run. */
const PER_SECOND = 20;

/** When a second's row of calls began of which none failed. */
async function answering(load: Load): Promise<number> {
  let [since, from, failures] = [performance.now(), load.answered(), load.failures.length];
  await eventually('calls are answered', () => {
    if (load.failures.length > failures) {
      [since, from, failures] = [performance.now(), load.answered(), load.failures.length];
    }
    return Promise.resolve(load.answered() >= from + PER_SECOND);
  });
  return since;
}

/** `<time> <status> <message>`: no answer, or one that says that none could be had. */
const UNANSWERED = /^\S+ (0|429|5\d\d) /;

/** One line of JSON: what was lost, as counts, and how long the recovery took. */
export function tell(report: Report, more: object = {}): void {
  const counts = Object.entries<unknown>({ ...report }).map(([key, value]): [string, unknown] => [
    key,
    Array.isArray(value) ? value.length : value,
  ]);
  process.stderr.write(`${JSON.stringify({ ...Object.fromEntries(counts), ...more })}\n`);
}

export async function settled(api: Api, namespace: string): Promise<void> {
  let last: Losses | undefined;
  await eventually(
    'everything is as the specs say',
    async () => {
      last = await losses(api, namespace);
      return isNothing(last);
    },
    60_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
  });
}

let namespaces = 0;
export async function openNamespace({ cluster }: World): Promise<string> {
  namespaces += 1;
  const name = `fault-${String(namespaces)}`;
  await must(cluster.controlPlane.kubectl, ['create', 'namespace', name]);
  return name;
}

/** Three configs, each with a user of another kind; the MCPServer's has a pod. Returns answers that were wrong. */
async function begun({ api }: World, namespace: string): Promise<readonly string[]> {
  for (const [i, { kind, resource }] of KINDS.entries()) {
    await api.create(namespace, 'mcpauthzconfigs', config(`c${String(i)}`));
    const made = await api.create(namespace, resource, workload(kind, `w${String(i)}`, reference(i)));
    if (kind === 'MCPServer') {
      await operate(clusterOf(api, namespace), kind, made);
    }
  }
  await settled(api, namespace);
  return (await removed(api, namespace, 'c0')) ? ['c0 was in use, and its deletion was let in'] : [];
}

/** An edit, a new user with a pod, a new config, a user that goes and its config after it. */
async function changed({ api }: World, namespace: string): Promise<void> {
  const edited = { spec: { config: { policies: [POLICY, `forbid(principal, action, resource == Tool::"t");`] } } };
  await persistently(() => api.patch(namespace, 'mcpauthzconfigs', 'c0', edited));
  await persistently(() => api.create(namespace, 'mcpauthzconfigs', config('c3')));
  await persistently(() => api.create(namespace, 'mcpservers', workload('MCPServer', 'w3', reference(3))));
  const made = await api.get(namespace, 'mcpservers', 'w3');
  if (made !== undefined) {
    await persistently(() => operate(clusterOf(api, namespace), 'MCPServer', made));
  }
  await persistently(() => api.remove(namespace, 'virtualmcpservers', 'w2'));
  await eventually('its config may go', () => removed(api, namespace, 'c2'));
}

/** As kubectl's user does: where there was no answer, or none could be had, once more. What is there already is fine. */
async function persistently(call: () => Promise<unknown>): Promise<void> {
  await eventually('a change is taken', async () =>
    call().then(
      () => true,
      (error: unknown) => {
        if (hasCode(error, 'API_UNAVAILABLE') || hasCode(error, 'API_TOO_MANY_REQUESTS')) {
          return false;
        }
        if (hasCode(error, 'API_CONFLICT') || hasCode(error, 'API_NOT_FOUND')) {
          return true;
        }
        throw error;
      },
    ),
  );
}

async function removed(api: Api, namespace: string, name: string): Promise<boolean> {
  return api.remove(namespace, 'mcpauthzconfigs', name).then(
    () => true,
    (error: unknown) => hasCode(error, 'API_NOT_FOUND'),
  );
}

export function reference(number: number): object {
  return { authzConfigRef: { name: `c${String(number)}` } };
}
