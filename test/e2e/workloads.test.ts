/** What happens to a workload between `kubectl apply` and etcd: DESIGN's table of requests, row by row and kind by kind. */
import { createHash } from 'node:crypto';
import { applied, apply, get, kubectl, makeNamespace } from './cluster.ts';
import { config, INLINE, KINDS, POLICY, REFERENCE, workload } from './objects.ts';

const EXCLUSIVE =
  'authzConfig and authzConfigRef are mutually exclusive; use authzConfigRef to reference a shared MCPAuthzConfig';
const RUNTIME = JSON.stringify({ cedar: { policies: [POLICY] }, type: 'cedarv1', version: '1.0' });
const HASH = createHash('sha256').update(RUNTIME).digest('hex');
const PREFIX = 'authz.toolhive.stacklok.dev';

function ourAnnotations(object: Record<string, unknown> | undefined): Record<string, string> {
  const { annotations = {} } = (object?.['metadata'] ?? {}) as { annotations?: Record<string, string> };
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(PREFIX)));
}

function versionOf(object: Record<string, unknown> | undefined): string {
  return (object?.['metadata'] as { resourceVersion: string }).resourceVersion;
}

let namespace: string;
beforeAll(async () => {
  namespace = await makeNamespace();
  await applied(namespace, config('shared'));
});
afterAll(() => kubectl(['delete', 'namespace', namespace, '--wait=false']));

describe.each(KINDS)('$kind', ({ kind, resource, path }) => {
  it.each(['v1beta1', 'v1alpha1'] as const)('%s: both forms of authorization are rejected', async (version) => {
    const { code, stderr } = await apply(namespace, workload(kind, 'both', { ...INLINE, ...REFERENCE }, version));
    expect(code).toBe(1);
    expect(stderr).toContain(EXCLUSIVE);
    expect(stderr).toContain(`The ${kind} "both" is invalid: ${path}: Invalid value`);
    expect(await get(namespace, resource, 'both')).toBeUndefined();
  });

  it.each(['v1beta1', 'v1alpha1'] as const)(
    '%s: a reference puts hash, origin and text of the config on it',
    async (version) => {
      const name = `mutated-${version}`;
      const before = versionOf(await get(namespace, 'mcpauthzconfigs', 'shared'));
      await applied(namespace, workload(kind, name, REFERENCE, version));
      const after = versionOf(await get(namespace, 'mcpauthzconfigs', 'shared'));
      const annotations = ourAnnotations(await get(namespace, resource, name));
      const [config, resolved] = (annotations[`${PREFIX}/config-ref`] ?? '').split('@');
      // The loop may have written the config's status before or after it was resolved.
      expect([config, Number(before) <= Number(resolved), Number(resolved) <= Number(after)]).toEqual([
        'shared',
        true,
        true,
      ]);
      expect(annotations).toEqual({
        [`${PREFIX}/config-hash`]: HASH,
        [`${PREFIX}/config-ref`]: `shared@${resolved ?? ''}`,
        [`${PREFIX}/resolved-config`]: RUNTIME,
      });
    },
  );

  it('what is written there by hand is corrected, and everything goes with the reference', async () => {
    await applied(namespace, workload(kind, 'forged', REFERENCE));
    const { stderr } = await kubectl([
      'annotate',
      '-n',
      namespace,
      '--overwrite',
      resource,
      'forged',
      `${PREFIX}/config-hash=forged`,
    ]);
    expect(stderr).toContain(
      `Warning: metadata.annotations[${PREFIX}/config-hash]: This annotation is written by the admission webhook`,
    );
    expect(ourAnnotations(await get(namespace, resource, 'forged'))[`${PREFIX}/config-hash`]).toBe(HASH);
    const { stderr: removed } = await applied(namespace, workload(kind, 'forged', {}));
    expect(removed).toContain(`Warning: ${path}: Authorization was removed`);
    expect(ourAnnotations(await get(namespace, resource, 'forged'))).toEqual({});
  });

  it('a reference to a config that does not exist is stored, with a warning', async () => {
    const { stdout, stderr } = await applied(namespace, workload(kind, 'orphan', { authzConfigRef: { name: 'gone' } }));
    expect(stdout).toContain('orphan created');
    expect(stderr).toBe(
      `Warning: ${path}.authzConfigRef: MCPAuthzConfig "gone" does not exist in namespace "${namespace}": ToolHive does not ` +
        'roll this workload out until it does. Create it, or correct the name; a config of another namespace cannot be ' +
        'used. [reference]\n',
    );
  });

  it('a namespace may refuse such a reference', async () => {
    const strict = await makeNamespace({ 'authz.toolhive.stacklok.dev/missing-reference': 'Deny' });
    const { code, stderr } = await apply(strict, workload(kind, 'orphan', { authzConfigRef: { name: 'gone' } }));
    expect(code).toBe(1);
    expect(stderr).toContain(
      `The ${kind} "orphan" is invalid: ${path}.authzConfigRef: MCPAuthzConfig "gone" does not exist`,
    );
    await kubectl(['delete', 'namespace', strict, '--wait=false']);
  });

  it('a dry run gets the same answers and stores nothing', async () => {
    const run = (object: object): ReturnType<typeof kubectl> =>
      kubectl(['apply', '-n', namespace, '--dry-run=server', '-o', 'json', '-f', '-'], JSON.stringify(object));
    const good = await run(workload(kind, 'dry', REFERENCE));
    expect(ourAnnotations(JSON.parse(good.stdout) as Record<string, unknown>)[`${PREFIX}/config-hash`]).toBe(HASH);
    const missing = await run(workload(kind, 'dry', { authzConfigRef: { name: 'gone' } }));
    expect(missing.stderr).toContain('MCPAuthzConfig "gone" does not exist');
    expect((await run(workload(kind, 'dry', { ...INLINE, ...REFERENCE }))).stderr).toContain(EXCLUSIVE);
    expect(await get(namespace, resource, 'dry')).toBeUndefined();
  });

  it('labels and finalizers of an object that is wrong already are not our business', async () => {
    await applied(namespace, workload(kind, 'wrong', { authzConfigRef: { name: 'gone' } }));
    const labelled = await kubectl(['label', '-n', namespace, resource, 'wrong', 'a=b']);
    expect([labelled.code, labelled.stderr]).toEqual([0, '']);
  });
});

it('one file with the workload before its config is stored whole, and the config then reaches the workload', async () => {
  const other = await makeNamespace();
  const { stdout, stderr } = await applied(other, workload('MCPServer', 'early', REFERENCE), config('shared'));
  expect(stdout).toMatch(/early created\n.*shared created/);
  expect(stderr).toContain('MCPAuthzConfig "shared" does not exist');
  const again = await applied(other, workload('MCPServer', 'early', { ...REFERENCE, replicas: 2 }), config('shared'));
  expect(again.stderr).toBe('');
  expect(ourAnnotations(await get(other, 'mcpservers', 'early'))[`${PREFIX}/config-hash`]).toBe(HASH);
  await kubectl(['delete', 'namespace', other, '--wait=false']);
});

it('one file with the config before the workload needs no second try', async () => {
  const other = await makeNamespace();
  const { stderr } = await applied(other, config('shared'), workload('MCPServer', 'late', REFERENCE));
  expect(stderr).toBe('');
  expect(ourAnnotations(await get(other, 'mcpservers', 'late'))[`${PREFIX}/config-hash`]).toBe(HASH);
  await kubectl(['delete', 'namespace', other, '--wait=false']);
});

it('a reference to a config that is being deleted is a conflict', async () => {
  const other = await makeNamespace();
  await applied(other, { ...config('shared'), metadata: { name: 'shared', finalizers: ['example.com/hold'] } });
  await kubectl(['delete', 'mcpauthzconfig', 'shared', '-n', other, '--wait=false']);
  const { code, stderr } = await apply(other, workload('MCPServer', 'late', REFERENCE));
  expect(code).toBe(1);
  expect(stderr).toContain('(Conflict)');
  expect(stderr).toContain(
    'MCPAuthzConfig "shared" is being deleted, and a new reference would keep it from going away.',
  );
  await kubectl([
    'patch',
    'mcpauthzconfig',
    'shared',
    '-n',
    other,
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":null}}',
  ]);
  await kubectl(['delete', 'namespace', other, '--wait=false']);
});
