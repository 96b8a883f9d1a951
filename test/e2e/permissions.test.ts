/**
 * The chart's two accounts need every verb that they have: the server and the clean-up do all that they can do, the API
 * server's audit log tells with which requests, and each of these is refused to somebody who lacks that verb alone.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at } from '../../src/api/json.ts';
import { BREAK_GLASS_ANNOTATION } from '../../src/api/names.ts';
import { must, type ServerProcess } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { getObject } from '../../src/kube/get.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { pod, podTemplate } from '../support/pods.ts';
import { eventually } from './cluster.ts';
import { clusterOf, operate } from './deployments.ts';
import { config, KINDS, REFERENCE, workload } from './objects.ts';
import {
  again,
  createAuditLog,
  describe as described,
  impersonate,
  isForbidden,
  permissionsOf,
  refused,
  rolesWithout,
  useOf,
  type AuditLog,
} from './permissions.ts';
import { NAMESPACE, openReplicaCluster, SERVICE, type ReplicaCluster } from './replicas.ts';

const TEAM = 'team';
const OTHER = 'permit(principal, action == Action::"call_tool", resource == Tool::"forecast");';
const SERVER = `system:serviceaccount:${NAMESPACE}:${SERVICE}`;
const CLEANUP = `${SERVICE}-cleanup`;

let folder: string;
let audit: AuditLog;
let cluster: ReplicaCluster;
let server: ServerProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-authz-audit-'));
  audit = createAuditLog(folder);
  cluster = await openReplicaCluster({ apiServerFlags: audit.flags });
  await cluster.register();
  server = await cluster.join(['--tls-leaf-lifetime', '15s', '--tls-ca-lifetime', '45s', '--rollout', 'Evict']);
});
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

const kubectl = (args: readonly string[], ...objects: readonly object[]): Promise<string> =>
  must(cluster.controlPlane.kubectl, args, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
const apply = (...objects: readonly object[]): Promise<string> => kubectl(['apply', '-n', TEAM, '-f', '-'], ...objects);

/** Everything that makes the server ask for something. */
async function use(): Promise<void> {
  await kubectl(['create', 'namespace', TEAM]);
  const probe = JSON.stringify(config('probe', ['this is no policy']));
  await eventually('the API server asks us', async () => {
    const { stderr } = await cluster.controlPlane.kubectl(['create', '--dry-run=server', '-f', '-'], probe);
    return stderr.includes('[authz-config]');
  });
  const team = clusterOf(cluster, TEAM);
  const signal = AbortSignal.timeout(120_000);
  const workloads = `/apis/toolhive.stacklok.dev/v1beta1/namespaces/${TEAM}`;
  const judged = async (): Promise<boolean> => {
    const object = await getObject(cluster.client, `${workloads}/mcpservers/twice`, signal);
    return JSON.stringify(at(object, 'status', 'conditions') ?? []).includes('PodsWaiting');
  };
  // The same verdict twice is one event that is counted, a moment later.
  const missing = { authzConfigRef: { name: 'missing' } };
  await apply(workload('MCPServer', 'twice', missing));
  await team.create(
    'v1/pods',
    pod('MCPServer', 'twice', { metadata: { ...podTemplate('MCPServer', 'twice').metadata, name: 'twice' } }),
  );
  for (const reference of [missing, {}, missing]) {
    await apply(workload('MCPServer', 'twice', reference));
    await eventually('the verdict', async () => (await judged()) === (reference === missing));
  }
  await team.remove('v1/pods/twice');
  await apply(config('shared'), config('glass'), workload('MCPServer', 'late', { authzConfigRef: { name: 'glass' } }));
  for (const { kind, resource } of KINDS) {
    const name = `my-${kind.toLowerCase()}`;
    await apply(workload(kind, name, REFERENCE));
    const made = await getObject(cluster.client, `${workloads}/${resource}/${name}`, signal);
    await operate(team, kind, made ?? { apiVersion: '', kind, metadata: {} });
  }
  await eventually('each workload has its pod, and its config', async () => {
    const [pods, maps] = await Promise.all([team.list('v1/pods'), team.list('v1/configmaps')]);
    const ours = maps.filter(({ metadata }) => metadata.name?.endsWith('-authz-runconfig') === true);
    return pods.length === KINDS.length && ours.length === KINDS.length;
  });
  const before = new Set((await team.list('v1/pods')).map(({ metadata }) => metadata.uid));
  await apply(config('shared', [OTHER]));
  await eventually('the pods are replaced', async () => {
    const left = (await team.list('v1/pods')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return left.length === KINDS.length && left.every(({ metadata }) => !before.has(metadata.uid));
  });
  // Who breaks the glass is asked about; whether a config is in use is asked live.
  const until = new Date(Date.now() + 3600_000).toISOString();
  await kubectl(['annotate', 'mcpauthzconfig', 'glass', '-n', TEAM, `${BREAK_GLASS_ANNOTATION}=${until} INC-1 stuck`]);
  await kubectl(['delete', 'mcpauthzconfig', 'glass', '-n', TEAM, '--timeout=60s']);
  for (const { kind } of KINDS) {
    await apply(workload(kind, `my-${kind.toLowerCase()}`, {}));
  }
}

/** Those that no request in the log needed. */
const unused = (account: string, user: string): readonly string[] =>
  permissionsOf(cluster.release, account)
    .filter((permission) => useOf(permission, audit.asked(user)) === undefined)
    .map(described);

it('the server uses every verb of its roles, and asks for nothing that it may not do', async () => {
  await use();
  let left: readonly string[] = [];
  await eventually('all is used', () => {
    left = unused(SERVICE, SERVER);
    return Promise.resolve(left.length === 0);
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${left.join(', ')}`);
  });
  expect(refused(audit.asked(SERVER))).toEqual([]);
}, 180_000);

it('each verb that the server lacks makes a request of its own fail', async () => {
  expect(await survivors(SERVICE, SERVER)).toEqual([]);
});

it('the clean-up before an uninstall uses every verb of its roles', async () => {
  // A Deployment with the name of the server's, since nothing runs Pods here.
  await kubectl(['create', 'deployment', SERVICE, '-n', NAMESPACE, '--image=example.com/server:1']);
  for (const { kind } of KINDS) {
    await apply(workload(kind, `my-${kind.toLowerCase()}`, REFERENCE));
  }
  await eventually('the loop has written', async () => {
    const maps = await clusterOf(cluster, TEAM).list('v1/configmaps');
    return maps.filter(({ metadata }) => metadata.name?.endsWith('-authz-ref') === true).length === KINDS.length;
  });
  cluster.balancer.remove(server.port);
  await server.stop();
  const output = await cleanUp(await cluster.accountOf(CLEANUP));
  expect(output).toContain('nothing of ours is left');
  const user = `system:serviceaccount:${NAMESPACE}:${CLEANUP}`;
  expect(unused(CLEANUP, user)).toEqual([]);
  // Helm takes the backstop away itself.
  expect(refused(audit.asked(user)).filter((each) => !each.includes('/validatingadmissionpolic'))).toEqual([]);
  expect(await survivors(CLEANUP, user)).toEqual([]);
}, 120_000);

function cleanUp(kubeconfig: string): Promise<string> {
  const args = ['cleanup', '--yes', '--deployment', SERVICE, '--kubeconfig', kubeconfig];
  return new Promise((resolve) => {
    execFile(process.execPath, [join(projectRoot(), 'dist/main.js'), ...args], (_error, stdout, stderr) => {
      resolve(`${stdout}${stderr}`);
    });
  });
}

/** The permissions without which the request that used them goes through nevertheless. */
async function survivors(account: string, user: string): Promise<readonly string[]> {
  const permissions = permissionsOf(cluster.release, account);
  const log = audit.asked(user);
  const kubeconfig = cluster.controlPlane.kubeconfigPath;
  const whole = { user: `${account}-whole`, client: impersonate(kubeconfig, `${account}-whole`) };
  const lacking = permissions.map((without, index) => {
    const name = `${account}-without-${String(index)}`;
    return { user: name, without, client: impersonate(kubeconfig, name) };
  });
  const namespace = NAMESPACE;
  const roles = [whole, ...lacking].flatMap((each) => rolesWithout(cluster.release, account, { namespace, ...each }));
  await Promise.all(roles.map(create));
  const failures = await Promise.all(
    lacking.map(async ({ without, client }) => {
      const other = permissions.find(
        ({ role, ...each }) => role === without.role && described({ role, ...each }) !== described(without),
      );
      const [needed, control] = [without, other].map((each) => each && useOf(each, log));
      if (needed === undefined || control === undefined) {
        return [`${described(without)}: not used`];
      }
      // Who lacks nothing may; and who lacks this alone may something else of the same role: it is known by now.
      await eventually('the roles are known', async () => !(await isForbidden(whole.client, again(needed))));
      await eventually('the role is known', async () => !(await isForbidden(client, again(control))));
      return (await isForbidden(client, again(needed))) ? [] : [`${described(without)}: not needed`];
    }),
  );
  [whole, ...lacking].forEach(({ client }: { client: KubeClient }) => {
    client.close();
  });
  return failures.flat();
}

async function create(object: object): Promise<void> {
  const kind = String(at(object, 'kind')).toLowerCase();
  const scope = kind.startsWith('cluster') ? '' : `namespaces/${NAMESPACE}/`;
  const path = `/apis/rbac.authorization.k8s.io/v1/${scope}${kind}s`;
  await cluster.client.request({ method: 'POST', path, body: object });
}
