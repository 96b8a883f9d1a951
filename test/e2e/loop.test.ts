/** What the companion loop writes about the objects of a real API server, and when. */
import { at } from '../../src/api/json.ts';
import { FINALIZER, IN_USE_LABEL, PREFIX } from '../../src/api/names.ts';
import { toolhiveConfigHash } from '../../src/authorizers/config-hash.ts';
import { canonicalJson } from '../../src/authorizers/canonical-json.ts';
import { adminApi, conditionOf, type Api } from './api.ts';
import { applied, eventually, kubectl, makeNamespace } from './cluster.ts';
import { config, KINDS, POLICY, REFERENCE, workload } from './objects.ts';

/** ToolHive's own CRD of configs has no list of references (any more). */
const hasReferences = async (api: Api): Promise<boolean> => {
  const crd = await api.client.request({
    method: 'GET',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/mcpauthzconfigs.toolhive.stacklok.dev',
  });
  return JSON.stringify(crd).includes('referencingWorkloads');
};

function hashOf(policies: readonly string[]): string {
  return toolhiveConfigHash('cedarv1', canonicalJson({ policies }));
}

const OTHER = 'permit(principal, action == Action::"call_tool", resource == Tool::"forecast");';
const CONFIGS = 'mcpauthzconfigs';
let api: Api;
beforeAll(() => {
  api = adminApi();
});
afterAll(() => {
  api.close();
});

const reasonOf = async (namespace: string, resource: string, name: string): Promise<unknown> =>
  conditionOf(await api.get(namespace, resource, name), 'AuthzConfigRefValidated')?.['reason'];

async function events(namespace: string): Promise<readonly string[]> {
  const list = await api.client.request({
    method: 'GET',
    path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  });
  const items = at(list, 'items');
  return (Array.isArray(items) ? items : []).map(
    (item: unknown) =>
      `${String(at(item, 'type'))} ${String(at(item, 'reason'))} ${String(at(item, 'action'))}: ${String(at(item, 'note'))}`,
  );
}

describe.each(KINDS)('a $kind', ({ kind, resource }) => {
  it('says what becomes of its reference, from missing to gone', async () => {
    const namespace = await makeNamespace();
    await applied(namespace, workload(kind, 'user', REFERENCE));
    await eventually(
      'NotFound',
      async () => (await reasonOf(namespace, resource, 'user')) === 'AuthzConfigRefNotFound',
    );

    await applied(namespace, config('shared'));
    await eventually('Valid', async () => (await reasonOf(namespace, resource, 'user')) === 'AuthzConfigRefValid');
    const valid = await api.get(namespace, resource, 'user');
    expect(at(valid, 'status', 'authzConfigHash')).toBe(hashOf([POLICY]));
    expect(conditionOf(valid, 'AuthzConfigRefValidated')).toMatchObject({
      status: 'True',
      message: 'MCPAuthzConfig shared is valid and ready',
      observedGeneration: valid?.metadata.generation,
    });

    await api.patch(namespace, resource, 'user', {
      spec: kind === 'VirtualMCPServer' ? { incomingAuth: { authzConfigRef: null } } : { authzConfigRef: null },
    });
    await eventually('nothing is left', async () => {
      const object = await api.get(namespace, resource, 'user');
      return (
        conditionOf(object, 'AuthzConfigRefValidated') === undefined &&
        at(object, 'status', 'authzConfigHash') === undefined &&
        !Object.keys(object?.metadata.annotations ?? {}).some((key) => key.startsWith(PREFIX))
      );
    });
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });
});

it('a config says who uses it, and an edit of it reaches all of them', async () => {
  const namespace = await makeNamespace();
  const users = KINDS.map(({ kind }) => workload(kind, kind === 'MCPServer' ? 'same' : kind.toLowerCase(), REFERENCE));
  await applied(namespace, config('shared'), ...users, workload('VirtualMCPServer', 'same', REFERENCE));
  const referrers = [
    { kind: 'MCPRemoteProxy', name: 'mcpremoteproxy' },
    { kind: 'MCPServer', name: 'same' },
    { kind: 'VirtualMCPServer', name: 'same' },
    { kind: 'VirtualMCPServer', name: 'virtualmcpserver' },
  ];
  await eventually('the label', async () => {
    const shared = await api.get(namespace, CONFIGS, 'shared');
    return shared?.metadata.labels?.[IN_USE_LABEL] === 'true' && at(shared, 'status', 'configHash') !== undefined;
  });
  if (await hasReferences(api)) {
    await eventually(
      'the references',
      async () => at(await api.get(namespace, CONFIGS, 'shared'), 'status', 'referenceCount') === 4,
    );
    expect(at(await api.get(namespace, CONFIGS, 'shared'), 'status', 'referencingWorkloads')).toEqual(referrers);
  }
  const before = await api.get(namespace, CONFIGS, 'shared');
  expect(before?.metadata.finalizers).toEqual([FINALIZER]);
  expect(at(before, 'status')).toMatchObject({ configHash: hashOf([POLICY]), observedGeneration: 1 });

  await api.patch(namespace, CONFIGS, 'shared', { spec: { config: { policies: [OTHER] } } });
  for (const { kind, name } of referrers) {
    const resource = KINDS.find((each) => each.kind === kind)?.resource ?? '';
    await eventually(`${kind} ${name} has the new hash`, async () => {
      const object = await api.get(namespace, resource, name);
      return (
        at(object, 'status', 'authzConfigHash') === hashOf([OTHER]) &&
        (object?.metadata.annotations?.[`${PREFIX}/resolved-config`] ?? '').includes('forecast')
      );
    });
  }
  await eventually('the config follows', async () => {
    const shared = await api.get(namespace, CONFIGS, 'shared');
    return at(shared, 'status', 'observedGeneration') === 2 && at(shared, 'status', 'configHash') === hashOf([OTHER]);
  });
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
});

/** Where our webhooks are not asked, an invalid config can be stored, as it can while they are not registered. */
it('a config that turns invalid, and is mended, flips its users each time and tells so', async () => {
  const namespace = 'kube-public';
  await applied(
    namespace,
    config('flips'),
    ...KINDS.map(({ kind }) => workload(kind, 'flipped', { authzConfigRef: { name: 'flips' } })),
  );
  const all = async (reason: string): Promise<void> => {
    for (const { kind, resource } of KINDS) {
      await eventually(`${kind} ${reason}`, async () => (await reasonOf(namespace, resource, 'flipped')) === reason);
    }
  };
  await all('AuthzConfigRefValid');
  await api.patch(namespace, CONFIGS, 'flips', {
    spec: { config: { policies: ['permit(principal, action, resource)'] } },
  });
  await all('AuthzConfigRefNotValid');
  const bad = await api.get(namespace, CONFIGS, 'flips');
  expect(conditionOf(bad, 'Valid')).toMatchObject({ status: 'False', reason: 'ConfigInvalid', observedGeneration: 2 });
  expect(at(bad, 'status', 'observedGeneration')).toBe(2);
  const user = await api.get(namespace, 'mcpservers', 'flipped');
  expect(at(user, 'status', 'authzConfigHash')).toBe(hashOf([POLICY]));
  expect(conditionOf(user, 'Ready')).toMatchObject({ status: 'False', reason: 'NotReady' });
  await api.patch(namespace, CONFIGS, 'flips', { spec: { config: { policies: [OTHER] } } });
  await all('AuthzConfigRefValid');
  expect(conditionOf(await api.get(namespace, 'mcpservers', 'flipped'), 'Ready')).toBeUndefined();
  await api.patch(namespace, CONFIGS, 'flips', {
    spec: { type: 'httpv1', config: { http: { url: 'http://pdp:9000' }, claim_mapping: 'standard' } },
  });
  await eventually(
    'only the VirtualMCPServer cannot carry httpv1',
    async () => (await reasonOf(namespace, 'virtualmcpservers', 'flipped')) === 'AuthzConfigRefNotValid',
  );
  expect(
    conditionOf(await api.get(namespace, 'virtualmcpservers', 'flipped'), 'AuthzConfigRefValidated')?.['message'],
  ).toBe('MCPAuthzConfig flips has unsupported type "httpv1" for VirtualMCPServer; only cedarv1 is supported');
  await eventually('the events', async () => (await events(namespace)).some((event) => event.includes('ConfigValid')));
  expect(await events(namespace)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Warning ConfigInvalid Validate: spec validation failed: spec\.config\.policies\[0\]: /),
      'Normal ConfigValid Validate: spec validation passed',
    ]),
  );
  for (const { resource } of KINDS) {
    await api.remove(namespace, resource, 'flipped');
  }
  await api.remove(namespace, CONFIGS, 'flips');
  await eventually('it is gone', async () => (await api.get(namespace, CONFIGS, 'flips')) === undefined);
});

it('U14: a blocked deletion is told, and ends as soon as the last reference goes', async () => {
  const namespace = 'kube-public';
  await applied(namespace, config('held'), workload('MCPServer', 'holder', { authzConfigRef: { name: 'held' } }));
  await eventually(
    'validated',
    async () => (await reasonOf(namespace, 'mcpservers', 'holder')) === 'AuthzConfigRefValid',
  );
  await api.remove(namespace, CONFIGS, 'held'); // nobody refuses it in this namespace
  await eventually('blocked', async () => {
    const blocked = conditionOf(await api.get(namespace, CONFIGS, 'held'), 'DeletionBlocked');
    return blocked?.['message'] === 'Cannot delete: referenced by workloads: [{MCPServer holder}]';
  });
  await eventually('the event', async () =>
    (await events(namespace)).includes(
      'Warning DeletionBlocked Delete: deletion blocked while still referenced by workloads: [{MCPServer holder}]',
    ),
  );
  const graceIsOver = performance.now() + 6000;
  await eventually('the grace is over', () => Promise.resolve(performance.now() > graceIsOver));
  expect(await api.get(namespace, CONFIGS, 'held')).toBeDefined();
  const released = performance.now();
  await api.remove(namespace, 'mcpservers', 'holder');
  await eventually('it is gone', async () => (await api.get(namespace, CONFIGS, 'held')) === undefined);
  expect(performance.now() - released).toBeLessThan(3000);
});

it('a reference in another namespace does not count', async () => {
  const [here, there] = [await makeNamespace(), await makeNamespace()];
  await applied(here, config('shared'));
  await applied(there, workload('MCPServer', 'user', REFERENCE));
  await eventually('NotFound', async () => (await reasonOf(there, 'mcpservers', 'user')) === 'AuthzConfigRefNotFound');
  await eventually(
    'validated',
    async () => conditionOf(await api.get(here, CONFIGS, 'shared'), 'Valid')?.['status'] === 'True',
  );
  expect((await api.get(here, CONFIGS, 'shared'))?.metadata.labels?.[IN_USE_LABEL]).toBeUndefined();
  await kubectl(['delete', 'namespace', here, there, '--wait=false']);
});
