/** Who may delete a config, and when: the API server, kubectl and the namespace controller are the real ones. */
import { applied, eventually, get, kubectl, makeNamespace } from './cluster.ts';
import { config, KINDS, REFERENCE, workload } from './objects.ts';

describe.each(KINDS)('a config that a $kind refers to', ({ kind, resource }) => {
  let namespace: string;
  beforeAll(async () => {
    namespace = await makeNamespace();
    await applied(namespace, config('shared'), workload(kind, 'user', REFERENCE));
  });
  afterAll(() => kubectl(['delete', 'namespace', namespace, '--wait=false']));

  it.each(['v1beta1', 'v1alpha1'])('cannot be deleted as %s, and the message names the workload', async (version) => {
    const { code, stderr } = await kubectl([
      'delete',
      `mcpauthzconfigs.${version}.toolhive.stacklok.dev`,
      'shared',
      '-n',
      namespace,
    ]);
    expect(code).toBe(1);
    expect(stderr.replace(/^Warning: .*\n/, '')).toBe(
      'Error from server (Conflict): admission webhook "configs.delete.authz.toolhive.stacklok.dev" denied the request: ' +
        `MCPAuthzConfig "shared" is in use by 1 workload: ${kind} "user". Remove their reference first, or point them to ` +
        'another config; to see them: kubectl get mcpservers,mcpremoteproxies,virtualmcpservers --namespace ' +
        `${namespace} --output custom-columns=KIND:.kind,NAME:.metadata.name,CONFIG:..authzConfigRef.name [deletion-protection]\n`,
    );
  });

  it('has a command in that message that shows the workload', async () => {
    const { stdout } = await kubectl(
      `get mcpservers,mcpremoteproxies,virtualmcpservers --namespace ${namespace} --output custom-columns=KIND:.kind,NAME:.metadata.name,CONFIG:..authzConfigRef.name`.split(
        ' ',
      ),
    );
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/).slice(0, 3)),
    ).toEqual([
      ['KIND', 'NAME', 'CONFIG'],
      [kind, 'user', 'shared'],
    ]);
  });

  it('carries the workload in details.causes for machines', async () => {
    const { stderr } = await kubectl([
      'delete',
      '--raw',
      `/apis/toolhive.stacklok.dev/v1beta1/namespaces/${namespace}/mcpauthzconfigs/shared`,
      '-v=8',
    ]);
    expect(stderr).toContain('"reason":"ReferencedByWorkloads"');
    expect(stderr).toContain('"code":409');
  });

  it('cannot be deleted by a dry run either', async () => {
    const { code, stderr } = await kubectl(['delete', 'mcpauthzconfig', 'shared', '-n', namespace, '--dry-run=server']);
    expect([code, stderr.includes('(Conflict)')]).toEqual([1, true]);
  });

  it('stays when all are deleted, by kubectl or as a collection, and the others go', async () => {
    await applied(namespace, config('free'), config('also-free'));
    const all = await kubectl(['delete', 'mcpauthzconfig', '--all', '-n', namespace]);
    expect([all.code, all.stderr.includes('MCPAuthzConfig "shared" is in use by 1 workload')]).toEqual([1, true]);
    await eventually(
      'the free one is gone',
      async () => (await get(namespace, 'mcpauthzconfigs', 'free')) === undefined,
    );
    const collection = await kubectl([
      'delete',
      '--raw',
      `/apis/toolhive.stacklok.dev/v1beta1/namespaces/${namespace}/mcpauthzconfigs`,
    ]);
    expect([collection.code, collection.stderr.includes('MCPAuthzConfig "shared" is in use by 1 workload')]).toEqual([
      1,
      true,
    ]);
    expect(await get(namespace, 'mcpauthzconfigs', 'shared')).toBeDefined();
  });

  it('can be deleted once nothing refers to it', async () => {
    await kubectl(['delete', resource, 'user', '-n', namespace]);
    const { code, stdout } = await kubectl(['delete', 'mcpauthzconfig', 'shared', '-n', namespace]);
    expect([code, stdout]).toEqual([
      0,
      `mcpauthzconfig.toolhive.stacklok.dev "shared" deleted from ${namespace} namespace\n`,
    ]);
  });
});

it('a workload in another namespace does not hold a config', async () => {
  const [here, there] = [await makeNamespace(), await makeNamespace()];
  await applied(here, config('shared'));
  await applied(there, config('shared'), workload('MCPServer', 'user', REFERENCE));
  expect((await kubectl(['delete', 'mcpauthzconfig', 'shared', '-n', here])).code).toBe(0);
  await kubectl(['delete', 'namespace', here, there, '--wait=false']);
});

it('a namespace with a config and its workload inside goes away', async () => {
  const namespace = await makeNamespace();
  await applied(
    namespace,
    config('shared'),
    ...KINDS.map(({ kind }) => workload(kind, `user-${kind.toLowerCase()}`, REFERENCE)),
  );
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  await eventually(
    'the namespace is gone',
    async () => (await kubectl(['get', 'namespace', namespace, '--ignore-not-found'])).stdout === '',
  );
});

it('a workload held by a finalizer does not hold up its terminating namespace', async () => {
  const namespace = await makeNamespace();
  const held = {
    ...workload('MCPServer', 'held', REFERENCE),
    metadata: { name: 'held', finalizers: ['example.com/hold'] },
  };
  await applied(namespace, config('shared'), held);
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  await eventually('the config is gone', async () => (await get(namespace, 'mcpauthzconfigs', 'shared')) === undefined);
  await kubectl([
    'patch',
    'mcpserver',
    'held',
    '-n',
    namespace,
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":null}}',
  ]);
  await eventually(
    'the namespace is gone',
    async () => (await kubectl(['get', 'namespace', namespace, '--ignore-not-found'])).stdout === '',
  );
});
