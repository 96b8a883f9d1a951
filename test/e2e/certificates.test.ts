/** Self-managed certificates on a real API server: lifetimes of seconds, steady load, several rotations, no failed call. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { at, stringAt } from '../../src/api/json.ts';
import { certificatesOf, readSecret } from '../../src/certs/secret.ts';
import { getObject } from '../../src/kube/get.ts';
import { admissionWithCertificate } from './admission-client.ts';
import { eventually } from './cluster.ts';
import { NAMESPACE, openReplicaCluster, ready, SERVICE, startLoad, type ReplicaCluster } from './replicas.ts';

const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/mcp-authz-webhook-tls`;
const CONFIGURATIONS = ['mutating', 'validating'].map(
  (sort) => `/apis/admissionregistration.k8s.io/v1/${sort}webhookconfigurations/${SERVICE}`,
);
const LIFETIMES = ['--tls-leaf-lifetime', '15s', '--tls-ca-lifetime', '45s'];
/** By which the API server signs in at webhooks; whoever shows none, or another one, is not answered. */
const CLIENT = 'kube-apiserver-of-the-test';
const never = new AbortController().signal;

let cluster: ReplicaCluster;
let folder: string;
let signIn: readonly string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-authz-certificates-'));
  const client = await admissionWithCertificate(folder, CLIENT);
  signIn = ['--client-ca-file', client.caFile, '--client-allowed-names', CLIENT];
  cluster = await openReplicaCluster({ apiServerFlags: client.flags });
});
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function state(): Promise<NonNullable<ReturnType<typeof readSecret>> | undefined> {
  const secret = await getObject(cluster.client, SECRET, never);
  return secret === undefined ? undefined : readSecret(secret);
}

/** Of every webhook of both configurations. */
async function bundles(): Promise<readonly (readonly string[])[]> {
  const found = await Promise.all(CONFIGURATIONS.map((path) => getObject(cluster.client, path, never)));
  return found.flatMap((configuration) => {
    const webhooks = at(configuration, 'webhooks') as readonly unknown[];
    return webhooks.map((webhook) =>
      certificatesOf(Buffer.from(stringAt(webhook, 'clientConfig', 'caBundle') ?? '', 'base64').toString()),
    );
  });
}

/** What comes of a TLS connection by somebody without a certificate. */
function greet(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    socket.on('error', reject).on('data', (data: Buffer) => {
      resolve(data.toString());
      socket.destroy();
    });
  });
}

it('two replicas that start at once end with one CA, in every caBundle, and both serve', async () => {
  await cluster.register();
  // Without the loop nobody is elected, so that both issue: the worst case.
  const flags = [...LIFETIMES, '--loop', 'off'];
  const replicas = await Promise.all([cluster.start(flags), cluster.start(flags)]);
  await Promise.all(replicas.map((replica) => ready(replica)));
  const current = (await state())?.rotation.current?.cert;
  expect(current).toContain('BEGIN CERTIFICATE');
  const published = await bundles();
  expect(published.length).toBeGreaterThan(3);
  for (const certs of published) {
    expect(certs).toEqual([current]);
  }
  await Promise.all(replicas.map((replica) => replica.stop()));
});

it('rotates leaf and CA under load without a failed call', async () => {
  const flags = [...LIFETIMES, ...signIn];
  const replicas = [await cluster.join(flags), await cluster.join(flags)];
  await expect(greet(replicas[0]?.port ?? 0)).rejects.toThrow(/certificate required/);
  const seen = { authorities: new Set<string>(), leaves: new Set<string>() };
  const load = startLoad(cluster.client);
  await eventually(
    'four CAs and eight leaves',
    async () => {
      const found = await state();
      seen.authorities.add(found?.rotation.current?.cert ?? '');
      seen.leaves.add(found?.leaf?.cert ?? '');
      return seen.authorities.size >= 4 && seen.leaves.size >= 8;
    },
    180_000,
  );
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(load.answered()).toBeGreaterThan(2000);
  const published = await bundles();
  expect(Math.max(...published.map((certs) => certs.length))).toBeLessThanOrEqual(4);
  for (const { healthPort, logFile, port } of replicas) {
    const metrics = await (await fetch(`http://127.0.0.1:${String(healthPort)}/metrics`)).text();
    const expiry = Number(/^mcp_authz_certificate_expiry_timestamp_seconds (\S+)$/m.exec(metrics)?.[1]);
    expect(expiry - Date.now() / 1000).toBeGreaterThan(0);
    expect(expiry - Date.now() / 1000).toBeLessThan(16);
    expect(readFileSync(logFile, 'utf8')).not.toContain('PRIVATE KEY');
    cluster.balancer.remove(port);
  }
  await Promise.all(replicas.map((replica) => replica.stop()));
}, 240_000);

it('owns caBundle and nothing else', async () => {
  for (const path of CONFIGURATIONS) {
    const configuration = await getObject(cluster.client, path, never);
    const managed = at(configuration, 'metadata', 'managedFields') as readonly unknown[];
    const ours = managed.find((entry) => stringAt(entry, 'manager') === 'mcp-authz-webhook-ca');
    const fields = at(ours, 'fieldsV1', 'f:webhooks') as Readonly<Record<string, unknown>>;
    expect(Object.keys(fields).length).toBeGreaterThan(0);
    for (const field of Object.values(fields)) {
      expect(field).toEqual({ '.': {}, 'f:name': {}, 'f:clientConfig': { 'f:caBundle': {} } });
    }
  }
});

it('publishes again what somebody takes away', async () => {
  const replica = await cluster.join(['--loop', 'off']);
  for (const path of CONFIGURATIONS) {
    const patch = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }];
    await cluster.client.request({
      ...{ method: 'PATCH', path, body: patch, contentType: 'application/json-patch+json', signal: never },
    });
  }
  const current = (await state())?.rotation.current?.cert ?? '';
  await eventually('it is back', async () => (await bundles()).every((certs) => certs.includes(current)), 30_000);
  expect(new X509Certificate((await state())?.leaf?.cert ?? '').subjectAltName).toContain(
    `DNS:${SERVICE}.${NAMESPACE}.svc`,
  );
  cluster.balancer.remove(replica.port);
  await replica.stop();
});

it('leaves a Secret alone that is somebody else’s', async () => {
  const name = 'theirs';
  await cluster.controlPlane.kubectl(['create', 'secret', 'generic', name, '-n', NAMESPACE, '--from-literal=a=b']);
  const role = { resources: ['secrets'], apiGroups: [''], verbs: ['get', 'update'], resourceNames: [name] };
  const patch = JSON.stringify([{ op: 'add', path: '/rules/-', value: role }]);
  await cluster.controlPlane.kubectl(['patch', 'role', SERVICE, '-n', NAMESPACE, '--type=json', '-p', patch]);
  const replica = await cluster.start(['--tls-secret-name', name, '--loop', 'off']);
  const says = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${String(replica.healthPort)}/readyz?verbose`)).text();
  await eventually('it says why', async () => (await says()).includes('is there but is not ours'));
  expect(await says()).toContain(
    '[-]certificate failed: it is not issued yet (Secret mcp-authz-system/theirs is there but is not ours; ' +
      'name another one by --tls-secret-name, or use it with --tls-mode files)',
  );
  await replica.stop();
});
