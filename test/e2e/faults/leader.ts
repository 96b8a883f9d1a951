/** The leader dies in the middle of a write, or its Lease is taken away. Somebody else goes on from what is stored. */
import type { ServerProcess } from '../../../src/cli/playground/environment.ts';
import { at, stringAt } from '../../../src/api/json.ts';
import { certificatesOf } from '../../../src/certs/secret.ts';
import { getObject } from '../../../src/kube/get.ts';
import { interrupt, type Call } from '../../support/fault-proxy.ts';
import { metric } from '../api.ts';
import { eventually } from '../cluster.ts';
import { clusterOf } from '../deployments.ts';
import { config, workload } from '../objects.ts';
import { SERVICE } from '../replicas.ts';
import { losses } from './model.ts';
import { join, NOTHING_LOST, openNamespace, reference, settled, suffer, tell, type World } from './world.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/mcp-authz-system/leases/mcp-authz-webhook';
const CONFIGURATION = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${SERVICE}`;
const never = new AbortController().signal;

const leads = async ({ healthPort }: ServerProcess): Promise<boolean> =>
  (await metric(healthPort, 'mcp_authz_leading')) === 1;

async function leaderOf({ replicas }: World): Promise<ServerProcess | undefined> {
  const leading = await Promise.all(replicas.map(leads));
  return replicas.find((_replica, i) => leading[i]);
}

async function lease({ cluster: { client } }: World, spec: object): Promise<void> {
  const contentType = 'application/merge-patch+json';
  await client.request({ method: 'PATCH', path: LEASE, body: { spec }, contentType, signal: never });
}

interface Write {
  readonly what: string;
  readonly isIt: (call: Call, namespace: string) => boolean;
  provoke(world: World, namespace: string): Promise<unknown>;
  /** Beside what is so for every write. */
  done?(world: World, namespace: string): Promise<boolean>;
}

const patches = ({ method, path }: Call, suffix: string): boolean => method === 'PATCH' && path.endsWith(suffix);

const WRITES: readonly Write[] = [
  {
    what: 'the finalizer of a config',
    isIt: (call, namespace) => patches(call, `/${namespace}/mcpauthzconfigs/unused`),
    provoke: ({ api }, namespace) => api.remove(namespace, 'mcpauthzconfigs', 'unused'),
    done: async ({ api }, namespace) => (await api.get(namespace, 'mcpauthzconfigs', 'unused')) === undefined,
  },
  {
    what: 'a status',
    isIt: (call, namespace) => patches(call, `/${namespace}/mcpservers/w1/status`),
    provoke: ({ api }, namespace) => api.create(namespace, 'mcpservers', workload('MCPServer', 'w1', reference(0))),
  },
  {
    what: 'a ConfigMap',
    isIt: (call, namespace) => patches(call, `/${namespace}/configmaps/w1-authz-ref`),
    provoke: ({ api }, namespace) => api.create(namespace, 'mcpservers', workload('MCPServer', 'w1', reference(0))),
    done: async ({ api }, namespace) => {
      const map = await clusterOf(api, namespace).get('v1/configmaps/w1-authz-ref');
      return map?.metadata['ownerReferences'] !== undefined;
    },
  },
  {
    what: 'caBundle',
    isIt: (call) => patches(call, CONFIGURATION),
    provoke: ({ cluster: { client } }) =>
      client.request({
        ...{ method: 'PATCH', path: CONFIGURATION, contentType: 'application/json-patch+json', signal: never },
        body: [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }],
      }),
    done: async ({ cluster: { client } }) => {
      const webhooks = at(await getObject(client, CONFIGURATION, never), 'webhooks');
      const bundles = (Array.isArray(webhooks) ? webhooks : []).map((webhook: unknown) =>
        Buffer.from(stringAt(webhook, 'clientConfig', 'caBundle') ?? '', 'base64').toString(),
      );
      return bundles.length > 1 && new Set(bundles).size === 1 && certificatesOf(bundles[0] ?? '').length > 0;
    },
  },
];

export function leaderFaults(world: () => World): void {
  const moments = WRITES.flatMap((write) =>
    (['before', 'after'] as const).map((moment) => ({ write, moment, what: write.what })),
  );

  it.each(moments)('is killed right $moment its write of $what', async ({ write, moment }) => {
    const { api, cluster, proxy, replicas } = world();
    const namespace = await openNamespace(world());
    await api.create(namespace, 'mcpauthzconfigs', config('c0'));
    await api.create(namespace, 'mcpauthzconfigs', config('unused'));
    await api.create(namespace, 'mcpservers', workload('MCPServer', 'w0', reference(0)));
    await settled(api, namespace);
    const leader = await leaderOf(world());
    if (leader === undefined) {
      throw new Error('nobody leads');
    }
    const killed = new Promise<number>((resolve) => {
      leader.process.once('exit', () => {
        resolve(performance.now());
      });
    });
    const isIt = (call: Call): boolean => write.isIt(call, namespace);
    proxy.interfere(interrupt(moment, isIt, () => leader.process.kill('SIGKILL')));
    await write.provoke(world(), namespace);
    const killedAt = await killed;
    proxy.interfere(undefined);
    cluster.balancer.remove(leader.port);
    replicas.splice(replicas.indexOf(leader), 1);
    // It would run out by itself, in at most 20 s (test/e2e/replicas.test.ts): not waited for here, and not measured.
    await lease(world(), { holderIdentity: '' });
    const joined = join(world());
    await eventually('another one has done it', () => write.done?.(world(), namespace) ?? Promise.resolve(true));
    await settled(api, namespace);
    const recoveredInMs = Math.round(performance.now() - killedAt);
    const lost = await losses(api, namespace);
    const fault = `leader killed right ${moment} its write of ${write.what}`;
    tell({ ...{ fault, recoveredInMs, answered: 0 }, ...lost, wrongAnswers: [], failedCalls: [] });
    await joined;
    expect({ ...lost, wrongAnswers: [], failedCalls: [] }).toEqual(NOTHING_LOST);
    await cluster.controlPlane.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });

  it('its Lease is stolen: nobody of us writes while the thief holds it, and then one of us leads again', async () => {
    const writes = async (): Promise<number> => {
      const each = await Promise.all(
        world().replicas.map(({ healthPort }) => metric(healthPort, 'mcp_authz_loop_writes_total')),
      );
      return each.reduce((sum, one) => sum + one, 0);
    };
    const written: number[] = [];
    const report = await suffer(world(), {
      name: 'Lease stolen',
      apiServerAnswers: true,
      begin: async () => {
        await lease(world(), { holderIdentity: 'thief', leaseDurationSeconds: 6 });
        await eventually('nobody leads', async () => (await leaderOf(world())) === undefined);
      },
      during: async () => {
        await eventually('somebody leads again', async () => {
          const now = await writes();
          const leading = (await leaderOf(world())) !== undefined;
          written.push(...(leading ? [] : [now]));
          return leading;
        });
      },
      end: () => undefined,
    });
    expect(written.length).toBeGreaterThan(5);
    expect(new Set(written).size).toBe(1);
    expect(report).toMatchObject(NOTHING_LOST);
  });
}
