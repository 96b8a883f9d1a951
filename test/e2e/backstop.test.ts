/** With nobody of us there, the API server itself keeps configs in use (webhooks/backstop.yaml). */
import { join } from 'node:path';
import { BREAK_GLASS_ANNOTATION, FINALIZER, IN_USE_LABEL } from '../../src/api/names.ts';
import { must } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { adminApi, type Api } from './api.ts';
import { applied, eventually, kubectl, makeNamespace } from './cluster.ts';
import { config, REFERENCE, workload } from './objects.ts';

const FILE = join(projectRoot(), 'webhooks/backstop.yaml');
const CONFIGS = 'mcpauthzconfigs';
let api: Api;

/**
 * Our server is not asked in this namespace, as if it had no replica and no registration: what answers is the API
 * server. The loop may go on; it is what would have set the label before the outage.
 */
const NAMESPACE = 'kube-public';

beforeAll(async () => {
  api = adminApi();
  await must(kubectl, ['apply', '-f', FILE]);
});
afterAll(async () => {
  await kubectl(['delete', '-f', FILE, '--wait=false']);
  api.close();
});

async function labelled(namespace: string, name: string): Promise<void> {
  await eventually('the label', async () => {
    const object = await api.get(namespace, CONFIGS, name);
    return object?.metadata.labels?.[IN_USE_LABEL] === 'true';
  });
}

/** The API server takes a moment to act on a new policy. */
async function active(): Promise<void> {
  await eventually('the policy is asked', async () => {
    const { stderr } = await kubectl(['delete', CONFIGS, 'used', '-n', NAMESPACE, '--dry-run=server']);
    return stderr.includes('ValidatingAdmissionPolicy');
  });
}

it('refuses to delete a config in use, and lets it go once it is not', async () => {
  await applied(
    NAMESPACE,
    config('used'),
    config('free'),
    workload('MCPServer', 'user', { authzConfigRef: { name: 'used' } }),
  );
  await labelled(NAMESPACE, 'used');
  await active();
  const { code, stderr } = await kubectl(['delete', CONFIGS, 'used', '-n', NAMESPACE]);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/\(Forbidden\).*ValidatingAdmissionPolicy .*denied request: MCPAuthzConfig "used" is in use/),
  ]);
  // The administrator is granted every verb, `bypass` too.
  const glass = `${BREAK_GLASS_ANNOTATION}=2100-01-01T00:00:00Z INC-1`;
  await must(kubectl, ['annotate', CONFIGS, 'used', '-n', NAMESPACE, glass]);
  await must(kubectl, ['delete', CONFIGS, 'used', '-n', NAMESPACE, '--dry-run=server']);
  await must(kubectl, ['annotate', CONFIGS, 'used', '-n', NAMESPACE, `${BREAK_GLASS_ANNOTATION}-`]);
  const collection = `/apis/toolhive.stacklok.dev/v1alpha1/namespaces/${NAMESPACE}/${CONFIGS}`;
  expect((await kubectl(['delete', '--raw', `${collection}/used`])).stderr).toContain('is in use');
  await must(kubectl, ['delete', CONFIGS, 'free', '-n', NAMESPACE]);
  await api.remove(NAMESPACE, 'mcpservers', 'user');
  await eventually('the label is gone', async () => {
    const object = await api.get(NAMESPACE, CONFIGS, 'used');
    return object?.metadata.labels?.[IN_USE_LABEL] === undefined;
  });
  await must(kubectl, ['delete', CONFIGS, 'used', '-n', NAMESPACE]);
});

it.each([
  'system:serviceaccount:kube-system:namespace-controller',
  'system:serviceaccount:kube-system:generic-garbage-collector',
])('lets %s pass', async (user) => {
  await applied(
    NAMESPACE,
    { ...config('used'), metadata: { name: 'used', labels: { [IN_USE_LABEL]: 'true' } } },
    workload('MCPServer', 'user', { authzConfigRef: { name: 'used' } }),
  );
  await labelled(NAMESPACE, 'used');
  await active();
  const { code, stderr } = await kubectl([
    'delete',
    CONFIGS,
    'used',
    '-n',
    NAMESPACE,
    '--dry-run=server',
    `--as=${user}`,
  ]);
  expect([code, stderr]).toEqual([0, '']);
  await api.remove(NAMESPACE, 'mcpservers', 'user');
  await eventually('unused', async () => {
    const object = await api.get(NAMESPACE, CONFIGS, 'used');
    return object?.metadata.labels?.[IN_USE_LABEL] === undefined;
  });
  await must(kubectl, ['delete', CONFIGS, 'used', '-n', NAMESPACE]);
});

it('does not hold up a namespace that goes away with both', async () => {
  const namespace = await makeNamespace();
  await applied(namespace, config('shared'), workload('MCPServer', 'user', REFERENCE));
  await labelled(namespace, 'shared');
  expect((await api.get(namespace, CONFIGS, 'shared'))?.metadata.finalizers).toEqual([FINALIZER]);
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  await eventually(
    'the namespace is gone',
    async () => (await kubectl(['get', 'namespace', namespace, '--ignore-not-found'])).stdout === '',
  );
});
