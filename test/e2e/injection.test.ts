/** From a config to the pods that enforce it, on a real API server with the controllers that make pods of Deployments. */
import { at, isJsonObject, stringAt } from '../../src/api/json.ts';
import { annotation, type KubernetesObject } from '../../src/api/objects.ts';
import { proxyType } from '../../src/api/toolhive.ts';
import { canonicalJson } from '../../src/authorizers/canonical-json.ts';
import { sha256 } from '../../src/authorizers/config-hash.ts';
import { renderManifests } from '../../src/cli/manifests/manifests.ts';
import { parseAllDocuments } from 'yaml';
import { MIDDLEWARES, operatorConfig, pod as podOf, type ProxyKind } from '../support/pods.ts';
import { adminApi, conditionOf, metric, type Api } from './api.ts';
import { applied, eventually, kubectl, makeNamespace, sharedCluster } from './cluster.ts';
import { clusterOf, objects, operate, startStandIn, type Cluster } from './deployments.ts';
import { config, KINDS, POLICY, REFERENCE, workload } from './objects.ts';

const HASH = 'authz.toolhive.stacklok.dev/config-hash';
const OTHER = 'permit(principal, action == Action::"call_tool", resource == Tool::"forecast");';
const runtime = (policies: readonly string[]): string =>
  canonicalJson({ cedar: { policies }, type: 'cedarv1', version: '1.0' });
const hashOf = (policies: readonly string[]): string => sha256(runtime(policies));

let api: Api;
beforeAll(() => {
  api = adminApi();
});
afterAll(() => {
  api.close();
});

const removed: string[] = [];
async function open(): Promise<{ namespace: string; cluster: Cluster }> {
  const namespace = await makeNamespace();
  removed.push(namespace);
  return { namespace, cluster: clusterOf(api, namespace) };
}
afterAll(() => kubectl(['delete', 'namespace', ...removed, '--wait=false']));

async function livePods(cluster: Cluster): Promise<readonly KubernetesObject[]> {
  return (await cluster.list('v1/pods')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** The one pod, once there is exactly one and it is as asked. */
async function onePod(
  cluster: Cluster,
  what: string,
  wanted: (pod: KubernetesObject) => boolean,
): Promise<KubernetesObject> {
  let found: KubernetesObject | undefined;
  await eventually(what, async () => {
    const pods = await livePods(cluster);
    found = pods.length === 1 && pods[0] !== undefined && wanted(pods[0]) ? pods[0] : undefined;
    return found !== undefined;
  });
  if (found === undefined) {
    throw new Error(what);
  }
  return found;
}

function volumeOf(pod: KubernetesObject, name: string): unknown {
  return objects(at(pod, 'spec', 'volumes')).find((volume) => volume['name'] === name);
}

function mountsOf(pod: KubernetesObject, container: string): readonly unknown[] {
  const found = objects(at(pod, 'spec', 'containers')).find((each) => each['name'] === container);
  return objects(at(found, 'volumeMounts'));
}

const injected = async (namespace: string, resource: string): Promise<unknown> =>
  conditionOf(await api.get(namespace, resource, 'w'), 'AuthzInjected')?.['reason'];

async function notes(namespace: string): Promise<readonly string[]> {
  const list = await api.client.request({
    method: 'GET',
    path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  });
  const items = at(list, 'items');
  return (Array.isArray(items) ? items : []).map((item: unknown) =>
    ['type', 'reason', 'note'].map((field) => String(at(item, field))).join(' '),
  );
}

const noReference = (kind: ProxyKind): object => ({
  spec: kind === 'VirtualMCPServer' ? { incomingAuth: { authzConfigRef: null } } : { authzConfigRef: null },
});

describe.each(KINDS)('a $kind, from its config to its pod and back', ({ kind, resource }) => {
  const type = proxyType(kind);
  const [volume, key, suffix, container] = [
    type?.volume ?? '',
    type?.key ?? '',
    type?.suffix ?? '',
    type?.container ?? '',
  ];

  it('is enforced by its pod, also after an edit, until the reference goes', async () => {
    const { namespace, cluster } = await open();
    await applied(namespace, config('shared'));
    const made = await api.create(namespace, resource, workload(kind, 'w', REFERENCE));
    await operate(cluster, kind, made);

    const first = await onePod(cluster, 'a pod', () => true);
    expect(annotation(first, HASH)).toBe(hashOf([POLICY]));
    expect(volumeOf(first, volume)).toEqual({
      name: volume,
      configMap: { name: 'w-authz-runconfig', defaultMode: 420 },
    });
    expect(volumeOf(first, 'authz-config')).toEqual({
      name: 'authz-config',
      configMap: { name: 'w-authz-ref', defaultMode: 420, items: [{ key: 'authz.json', path: 'authz.json' }] },
    });
    expect(mountsOf(first, container)).toContainEqual({
      name: 'authz-config',
      mountPath: '/etc/toolhive/authz',
      readOnly: true,
    });
    expect(mountsOf(first, 'sidecar')).not.toContainEqual(expect.objectContaining({ name: 'authz-config' }));

    await eventually(
      'both ConfigMaps',
      async () => (await cluster.get('v1/configmaps/w-authz-runconfig')) !== undefined,
    );
    const reference = await cluster.get('v1/configmaps/w-authz-ref');
    expect(reference?.['data']).toEqual({ 'authz.json': runtime([POLICY]) });
    expect(reference?.metadata['ownerReferences']).toEqual([
      {
        apiVersion: made.apiVersion,
        kind,
        name: 'w',
        uid: made.metadata.uid,
        controller: false,
        blockOwnerDeletion: false,
      },
    ]);
    const copied = async (): Promise<string> =>
      stringAt(await cluster.get('v1/configmaps/w-authz-runconfig'), 'data', key) ?? '';
    if (kind === 'VirtualMCPServer') {
      expect(await copied()).toContain('authz:');
    } else {
      const entry = { type: 'authorization', parameters: { config_data: JSON.parse(runtime([POLICY])) as unknown } };
      expect(JSON.parse(await copied())).toEqual({
        name: 'w',
        middleware_configs: [MIDDLEWARES[0], MIDDLEWARES[1], entry, MIDDLEWARES[2]],
        authz_config: JSON.parse(runtime([POLICY])) as unknown,
      });
    }

    // The operator rewrites its own: ours follows.
    const theirs = stringAt(operatorConfig(kind, 'w'), 'data', key) ?? '';
    const changed = kind === 'VirtualMCPServer' ? `${theirs}extra: 1\n` : theirs.replace('{', '{"extra":1,');
    await cluster.merge(`v1/configmaps/w${suffix}`, { data: { [key]: changed } });
    await eventually('the copy follows', async () => (await copied()).includes('extra'));

    await applied(namespace, config('shared', [OTHER]));
    const second = await onePod(cluster, 'a pod with the new hash', (pod) => annotation(pod, HASH) === hashOf([OTHER]));
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(await copied()).toContain('forecast');
    await eventually('up to date', async () => (await injected(namespace, resource)) === 'PodsUpToDate');

    await api.patch(namespace, resource, 'w', noReference(kind));
    await eventually('the ConfigMaps are gone', async () => {
      const maps = await Promise.all(
        ['w-authz-ref', 'w-authz-runconfig'].map((name) => cluster.get(`v1/configmaps/${name}`)),
      );
      return maps.every((map) => map === undefined) && (await injected(namespace, resource)) === undefined;
    });
    await cluster.remove(`v1/pods/${second.metadata.name ?? ''}`);
    const third = await onePod(cluster, 'another pod', ({ metadata }) => metadata.uid !== second.metadata.uid);
    expect(annotation(third, HASH)).toBeUndefined();
    expect(volumeOf(third, 'authz-config')).toBeUndefined();
    expect(volumeOf(third, volume)).toMatchObject({ configMap: { name: `w${suffix}` } });
  });
});

it('a pod waits while its config is missing, the workload says why, and it runs once there is one', async () => {
  const { namespace, cluster } = await open();
  const made = await api.create(namespace, 'mcpservers', workload('MCPServer', 'w', REFERENCE));
  await operate(cluster, 'MCPServer', made);
  const waiting = await onePod(cluster, 'a pod', () => true);
  expect(annotation(waiting, HASH)).toBe('unresolved');
  expect(volumeOf(waiting, 'runconfig')).toMatchObject({ configMap: { name: 'w-authz-runconfig' } });
  await eventually('the workload says so', async () => (await injected(namespace, 'mcpservers')) === 'PodsWaiting');
  const why = 'New pods wait: MCPAuthzConfig "shared" does not exist.';
  await eventually('an event', async () => (await notes(namespace)).includes(`Warning AuthzPodsWaiting ${why}`));
  expect(await cluster.get('v1/configmaps/w-authz-runconfig')).toBeUndefined();
  await applied(namespace, config('shared'));
  await onePod(cluster, 'a pod with the hash', (pod) => annotation(pod, HASH) === hashOf([POLICY]));
  expect(await cluster.get('v1/configmaps/w-authz-runconfig')).toBeDefined();
});

it('an operator that carries the config itself keeps its own, and its pods are its own to replace', async () => {
  const { namespace, cluster } = await open();
  await applied(namespace, config('shared'));
  const made = await api.create(namespace, 'mcpservers', workload('MCPServer', 'w', REFERENCE));
  const authorization: unknown = JSON.parse(runtime([POLICY]));
  const entry = { type: 'authorization', parameters: { config_data: authorization } };
  const carrying = { name: 'w', authz_config: authorization, middleware_configs: [...MIDDLEWARES, entry] };
  await operate(cluster, 'MCPServer', made, 1, JSON.stringify(carrying));
  const pod = await onePod(cluster, 'a pod', () => true);
  expect(annotation(pod, HASH)).toBe(hashOf([POLICY]));
  expect(volumeOf(pod, 'runconfig')).toMatchObject({ configMap: { name: 'w-runconfig' } });
  expect(volumeOf(pod, 'authz-config')).toMatchObject({ configMap: { name: 'w-authz-ref' } });
  await eventually('up to date', async () => (await injected(namespace, 'mcpservers')) === 'PodsUpToDate');
});

it('pods go one after another, when those before them are ready and their budget allows it', async () => {
  const { namespace, cluster } = await open();
  await applied(namespace, config('shared'));
  const made = await api.create(namespace, 'mcpservers', workload('MCPServer', 'w', REFERENCE));
  await operate(cluster, 'MCPServer', made, 2);
  const ready = async (): Promise<void> => {
    for (const pod of await livePods(cluster)) {
      const path = `v1/pods/${pod.metadata.name ?? ''}/status`;
      const conditions = [
        { type: 'Ready', status: 'True' },
        { type: 'ContainersReady', status: 'True' },
      ];
      await cluster.merge(path, { status: { phase: 'Running', conditions } });
    }
  };
  const carrying = async (policies: readonly string[]): Promise<number> =>
    (await livePods(cluster)).filter((pod) => annotation(pod, HASH) === hashOf(policies)).length;
  await eventually('two pods', async () => (await carrying([POLICY])) === 2);
  await ready();
  await cluster.create('policy/v1/poddisruptionbudgets', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'w' },
    spec: { minAvailable: 2, selector: { matchLabels: { 'app.kubernetes.io/instance': 'w' } } },
  });
  await eventually('the budget is known', async () => {
    const budget = await cluster.get('policy/v1/poddisruptionbudgets/w');
    return at(budget, 'status', 'currentHealthy') === 2 && at(budget, 'status', 'disruptionsAllowed') === 0;
  });
  await applied(namespace, config('shared', [OTHER]));
  await eventually('the budget is respected', async () => {
    const condition = conditionOf(await api.get(namespace, 'mcpservers', 'w'), 'AuthzInjected');
    return condition?.['reason'] === 'RollingOut' && String(condition['message']).includes('disruption budget');
  });
  expect(await carrying([POLICY])).toBe(2);
  await cluster.remove('policy/v1/poddisruptionbudgets/w');
  await eventually('the first is replaced', async () => (await carrying([OTHER])) === 1);
  // The new one is not ready: the other one goes on serving, whatever wakes the loop.
  await cluster.merge('v1/configmaps/w-runconfig', { data: { 'runconfig.json': '{"name":"w","extra":1}' } });
  await eventually('the copy follows', async () =>
    (stringAt(await cluster.get('v1/configmaps/w-authz-runconfig'), 'data', 'runconfig.json') ?? '').includes('extra'),
  );
  expect([await carrying([POLICY]), await carrying([OTHER])]).toEqual([1, 1]);
  await ready();
  await eventually('the second is replaced', async () => (await carrying([OTHER])) === 2);
  await ready();
  await eventually('up to date', async () => (await injected(namespace, 'mcpservers')) === 'PodsUpToDate');
});

it('pods that were made while the webhook was not asked are found and replaced, once it is', async () => {
  const { namespace, cluster } = await open();
  const pods = 'pods.mutate.authz.toolhive.stacklok.dev';
  await registration((webhooks) =>
    webhooks.map((webhook) => {
      const selector = webhook['namespaceSelector'] as { matchExpressions: readonly { key: string }[] }; // generated by us
      const others = selector.matchExpressions.filter(({ key }) => key !== 'e2e-unasked');
      const matchExpressions = [...others, { key: 'e2e-unasked', operator: 'DoesNotExist' }];
      return webhook['name'] === pods ? { ...webhook, namespaceSelector: { matchExpressions } } : webhook;
    }),
  );
  await kubectl(['label', 'namespace', namespace, 'e2e-unasked=true']);
  await applied(namespace, config('shared'));
  const made = await api.create(namespace, 'mcpservers', workload('MCPServer', 'w', REFERENCE));
  const dryRun = {
    ...podOf('MCPServer', 'w'),
    metadata: { ...podOf('MCPServer', 'w').metadata, name: 'probe', namespace },
  };
  await eventually('the webhook is not asked', async () => {
    const { stdout } = await kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], JSON.stringify(dryRun));
    return stdout !== '' && !stdout.includes(HASH);
  });
  await operate(cluster, 'MCPServer', made);
  await eventually('it is reported, and not tried without end', async () => {
    const reason = await injected(namespace, 'mcpservers');
    return reason === 'RolloutStopped' || reason === 'RollingOut';
  });
  await eventually('it is stopped', async () => (await injected(namespace, 'mcpservers')) === 'RolloutStopped');
  const evictions = await metric(sharedCluster().healthPort, 'mcp_authz_rollout_evictions_total', {
    outcome: 'evicted',
  });
  expect(evictions).toBeGreaterThan(0);
  await kubectl(['label', 'namespace', namespace, 'e2e-unasked-']);
  // A new config is a new reason to try.
  await applied(namespace, config('shared', [OTHER]));
  await onePod(cluster, 'a pod with the hash', (pod) => annotation(pod, HASH) === hashOf([OTHER]));
});

async function registration(
  change: (webhooks: readonly Record<string, unknown>[]) => readonly object[],
): Promise<void> {
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/mcp-authz-webhook';
  const body = await api.client.request({ method: 'GET', path });
  const webhooks = at(body, 'webhooks');
  if (!isJsonObject(body) || !Array.isArray(webhooks)) {
    throw new Error('there is no registration');
  }
  const changed = change(webhooks as Record<string, unknown>[]); // the API server's own objects
  await api.client.request({ method: 'PUT', path, body: { ...body, webhooks: changed } });
}

it('while the webhook is down no proxy starts, and every other pod does', async () => {
  const { namespace, cluster } = await open();
  await kubectl(['label', 'namespace', namespace, 'e2e-down=true']);
  const [mutating] = parseAllDocuments(renderManifests({ target: { url: 'https://127.0.0.1:1' } })).map(
    (document) => document.toJS() as { metadata: object; webhooks: { name: string; namespaceSelector: object }[] },
  );
  const down = {
    ...mutating,
    metadata: { name: `down-${namespace}` },
    webhooks: mutating?.webhooks
      .filter(({ name }) => name.startsWith('pods.'))
      .map((webhook) => ({ ...webhook, namespaceSelector: { matchLabels: { 'e2e-down': 'true' } } })),
  };
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  await api.client.request({ method: 'POST', path, body: down });
  const dry = (object: object): ReturnType<typeof kubectl> =>
    kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(object));
  const proxy = {
    ...podOf('MCPServer', 'w'),
    metadata: { ...podOf('MCPServer', 'w').metadata, name: 'proxy', namespace },
  };
  const other = (name: string, labels: Record<string, string>): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'c', image: 'example.com/c:1' }] },
  });
  await eventually('a proxy is refused', async () =>
    (await dry(proxy)).stderr.includes('failed calling webhook "pods.mutate'),
  );
  await cluster.create(
    'v1/pods',
    other('backend', { app: 'mcpserver', toolhive: 'true', 'toolhive-name': 'mcpserver' }),
  );
  await cluster.create('v1/pods', other('plain', { 'app.kubernetes.io/name': 'mcpserver' }));
  await expect(cluster.create('v1/pods', proxy)).rejects.toMatchObject({ code: 'API_UNAVAILABLE' });
  expect((await livePods(cluster)).map(({ metadata }) => metadata.name).sort()).toEqual(['backend', 'plain']);
  await api.client.request({ method: 'DELETE', path: `${path}/down-${namespace}` });
});

it('beside an operator that takes every change back, the Deployment does not move for a minute', async () => {
  const { namespace, cluster } = await open();
  await applied(namespace, config('shared'));
  const made = await api.create(namespace, 'mcpservers', workload('MCPServer', 'w', REFERENCE));
  await operate(cluster, 'MCPServer', made);
  await onePod(cluster, 'a pod', (pod) => annotation(pod, HASH) !== undefined);
  const standIn = startStandIn(cluster, 'MCPServer', made);
  const state = async (): Promise<unknown> => [
    (await cluster.get('apps/v1/deployments/w'))?.metadata.generation,
    (await cluster.list('apps/v1/replicasets')).length,
  ];
  const before = await state();
  const end = performance.now() + 60_000;
  let edits = 0;
  await eventually(
    'a minute',
    async () => {
      const policies = edits % 2 === 0 ? [OTHER] : [POLICY];
      edits += 1;
      await applied(namespace, config('shared', policies));
      await onePod(cluster, 'a pod with the hash', (pod) => annotation(pod, HASH) === hashOf(policies));
      await new Promise((resolve) => setTimeout(resolve, 5000));
      return performance.now() > end;
    },
    110_000,
  );
  expect(standIn.looks()).toBeGreaterThan(100);
  expect(standIn.rewrites()).toBe(0);
  expect(await state()).toEqual(before);
  expect(before).toEqual([1, 1]);
  // It was awake: what we do to the pod, done to the template, is taken back.
  await cluster.merge('apps/v1/deployments/w', { spec: { template: { metadata: { annotations: { [HASH]: 'x' } } } } });
  await eventually('the stand-in takes it back', () => Promise.resolve(standIn.rewrites() === 1));
  await standIn.stop();
});
