/** An installation is used, looked over by the doctor, and cleaned up: nothing of ours is found afterwards. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { V1Job } from '@kubernetes/client-node';
import { PREFIX } from '../../src/api/names.ts';
import { must, type ServerProcess } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { eventually } from './cluster.ts';
import { config, KINDS, REFERENCE, workload } from './objects.ts';
import { NAMESPACE, openReplicaCluster, SERVICE, type ReplicaCluster } from './replicas.ts';

let cluster: ReplicaCluster;
let server: ServerProcess;

beforeAll(async () => {
  cluster = await openReplicaCluster();
  await cluster.register();
  await must(cluster.controlPlane.kubectl, ['apply', '-f', join(projectRoot(), 'webhooks/backstop.yaml')]);
  server = await cluster.join();
});
afterAll(async () => {
  await cluster.stop();
});

interface Run {
  readonly code: number;
  readonly output: string;
}

function mcpAuthz(...args: readonly string[]): Promise<Run> {
  return mcpAuthzAs(cluster.controlPlane.kubeconfigPath, ...args);
}

function mcpAuthzAs(kubeconfig: string, ...args: readonly string[]): Promise<Run> {
  const main = join(projectRoot(), 'dist/main.js');
  const full = [main, ...args, '--kubeconfig', kubeconfig];
  return new Promise((resolve) => {
    execFile(process.execPath, full, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: `${stdout}${stderr}` });
    });
  });
}

const kubectl = (...args: string[]): Promise<string> => must(cluster.controlPlane.kubectl, args);

/** Everything in the cluster that bears our prefix, or our name in what manages its fields; one line an object. */
async function traces(): Promise<readonly string[]> {
  const resources = (await kubectl('api-resources', '--verbs=list', '-o', 'name')).trim().split('\n');
  const stored = resources.filter((name) => !/^events|customresourcedefinitions|rbac/.test(name));
  const text = await kubectl('get', stored.join(','), '-A', '-o', 'json', '--show-managed-fields');
  const { items } = JSON.parse(text) as {
    items: { kind: string; metadata: { name: string; managedFields?: unknown } }[];
  };
  return items
    .filter((item) => {
      const { managedFields, ...metadata } = item.metadata;
      return JSON.stringify({ ...item, metadata }).includes(PREFIX) || statusOwner(managedFields);
    })
    .map(({ kind, metadata: { name } }) => `${kind} ${name}`);
}

function statusOwner(managedFields: unknown): boolean {
  const entries = (managedFields ?? []) as readonly { manager: string; subresource?: string }[];
  return entries.some(({ manager, subresource }) => manager === 'mcp-authz-webhook' && subresource === 'status');
}

it('a healthy installation in use: the doctor finds nothing', async () => {
  await kubectl('create', 'namespace', 'one');
  const objects = [config('shared'), ...KINDS.map(({ kind }) => workload(kind, `my-${kind.toLowerCase()}`, REFERENCE))];
  for (const object of objects) {
    await must(cluster.controlPlane.kubectl, ['apply', '-n', 'one', '-f', '-'], JSON.stringify(object));
  }
  await eventually('the loop has written', async () => {
    const text = await kubectl(
      'get',
      'mcpauthzconfigs,mcpservers,mcpremoteproxies,virtualmcpservers',
      '-A',
      '-o',
      'json',
    );
    return text.includes(`${PREFIX}/in-use`) && (text.match(/"config-hash|\/config-hash"/g) ?? []).length >= 3;
  });
  const { code, output } = await mcpAuthz('doctor');
  expect(output).toMatch(/^ok +webhook: refuses what must be refused$/m);
  expect(output).toMatch(/^ok +webhook: lets through what must pass$/m);
  expect(output).toMatch(/^ok +caBundle configs.validate: trusts the serving certificate$/m);
  expect(output).toMatch(/^ok +permissions: system:serviceaccount:mcp-authz-system:mcp-authz-webhook has all \d+$/m);
  expect([code, output]).toEqual([0, expect.stringMatching(/\n\d+ ok, 0 warnings, 0 problems\n$/)]);
  expect(await kubectl('get', 'mcpauthzconfigs', '-A', '-o', 'name')).toBe(
    'mcpauthzconfig.toolhive.stacklok.dev/shared\n',
  );
});

it('every replica stopped: the API server itself keeps what is in use, and lets clean-up pass', async () => {
  cluster.balancer.remove(server.port);
  await server.stop();
  const removal = ['delete', 'mcpauthzconfig', 'shared', '-n', 'one'];
  const refused = await cluster.controlPlane.kubectl(removal);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(
      /\(Forbidden\).*ValidatingAdmissionPolicy .*denied request: MCPAuthzConfig "shared" is in use/,
    ),
  ]);
  await kubectl(...removal, '--dry-run=server', '--as=system:serviceaccount:kube-system:namespace-controller');
  server = await cluster.join();
});

it('a server that is away and a permission that is missing: the doctor says so and what to do', async () => {
  cluster.balancer.remove(server.port);
  cluster.balancer.cut(server.port);
  const role = cluster.release.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === SERVICE);
  const patch = [{ op: 'remove', path: '/rules/1' }];
  await kubectl('patch', 'clusterrole', SERVICE, '--type=json', '-p', JSON.stringify(patch));
  const { code, output } = await mcpAuthz('doctor', '-o', 'json');
  expect(code).toBe(2);
  const { level, checks } = JSON.parse(output) as { level: string; checks: { check: string; level: string }[] };
  expect(level).toBe('problem');
  const problems = checks.filter((each) => each.level === 'problem');
  expect(problems).toEqual([
    expect.objectContaining({ check: 'webhook', message: expect.stringContaining('failed calling webhook') as string }),
    ...['mcpauthzconfigs', ...KINDS.map(({ resource }) => resource)].map((resource) => ({
      check: 'permissions',
      level: 'problem',
      message:
        `system:serviceaccount:mcp-authz-system:mcp-authz-webhook may not patch ${resource}.toolhive.stacklok.dev: ` +
        'annotations, finalizer and label are written',
      remedy: 'grant it: kubectl apply -f webhooks/rbac.yaml (the ClusterRole)',
    })),
  ]);
  await must(cluster.controlPlane.kubectl, ['apply', '-f', '-'], JSON.stringify(role));
  cluster.balancer.add(server.port);
});

it('cleanup says what it would do, and changes nothing without --yes', async () => {
  const before = await traces();
  const { code, output } = await mcpAuthz('cleanup');
  expect(code).toBe(1);
  expect(output).toContain('would remove finalizer, in-use of MCPAuthzConfig one/shared\n');
  expect(output).toContain('would remove Secret mcp-authz-system/mcp-authz-webhook-tls\n');
  expect(await traces()).toEqual(before);
  expect((await mcpAuthz('cleanup', '--dry-run')).code).toBe(0);
});

it('cleanup as the pre-delete hook runs it, while the server runs, then the uninstall: nothing of ours is left', async () => {
  await kubectl('create', 'deployment', SERVICE, '-n', NAMESPACE, '--image=example.com/hook:1', '--replicas=2');
  const replicas = (): Promise<string> =>
    kubectl('get', 'deployment', SERVICE, '-n', NAMESPACE, '-o', 'jsonpath={.spec.replicas} {.status.replicas}');
  await eventually('it has replicas', async () => (await replicas()) === '2 2');
  const job = cluster.release.find(({ kind }) => kind === 'Job') as unknown as V1Job;
  const command = job.spec?.template.spec?.containers[0]?.command ?? [];
  const account = job.spec?.template.spec?.serviceAccountName ?? '';
  const { code, output } = await mcpAuthzAs(
    await cluster.accountOf(account),
    ...command.slice(command.indexOf('/app/dist/main.js') + 1),
  );
  expect([code, output]).toEqual([0, expect.stringContaining('nothing of ours is left')]);
  expect(output).toContain(`scaled Deployment ${SERVICE} to nothing`);
  expect(await replicas()).toBe('0 ');
  const lease = await kubectl(
    'get',
    'lease',
    '-n',
    NAMESPACE,
    '-o',
    'jsonpath={.items[*].metadata.ownerReferences[*].kind}',
  );
  expect(lease).toBe('Deployment');
  // The server still runs, and must not begin again.
  await kubectl('label', 'mcpauthzconfig', 'shared', '-n', 'one', 'poke=1');
  await server.stop();
  // As Helm does with what it has installed.
  await kubectl('delete', '-f', join(projectRoot(), 'webhooks/backstop.yaml'));
  expect(await traces()).toEqual([]);
  await kubectl('delete', 'deployment', SERVICE, '-n', NAMESPACE);
  await eventually(
    'the Lease is gone',
    async () => (await kubectl('get', 'lease', '-n', NAMESPACE, '-o', 'name')) === '',
  );
  await kubectl('delete', 'mcpauthzconfig', 'shared', '-n', 'one', '--timeout=20s');
  expect((await mcpAuthz('cleanup')).output).toBe('nothing of ours is there\n');
});
