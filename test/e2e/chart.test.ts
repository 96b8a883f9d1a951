/**
 * The chart as Helm installs it, on a control plane of its own, and the server as the image has it, under the account and
 * the permissions of the chart, called through the chart's Service. Nothing runs Pods here: the test does, with the
 * Deployment's own arguments.
 */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { V1Deployment } from '@kubernetes/client-node';
import { issueCa } from '../../src/certs/issue.ts';
import type { ControlPlane } from '../../src/cli/playground/control-plane.ts';
import type { KubectlResult } from '../../src/cli/playground/demonstration.ts';
import { must } from '../../src/cli/playground/environment.ts';
import { CHART, helmPath } from '../support/helm.ts';
import { assembleImage, type Image } from '../support/image.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { bundlesIn, CONFIGURATIONS, getJson } from './bundles.ts';
import { eventually } from './cluster.ts';
import { openControlPlane } from './control-plane.ts';
import { runHookJob } from './hook-job.ts';
import { config, POLICY, REFERENCE, workload } from './objects.ts';

const ROOT = join(import.meta.dirname, '../..');
const NAMESPACE = 'authz-system';
const NAME = 'authz-mcp-authz-webhook';
const HOUR = 3600 * 1000;

let cluster: ControlPlane;
let ca: string;

beforeAll(async () => {
  helmPath();
  cluster = await openControlPlane();
  const crds = process.env['MCP_AUTHZ_CRDS'] ?? join(ROOT, 'test/crds');
  const files = readdirSync(crds).filter((file) => file.endsWith('.yaml'));
  await must(cluster.kubectl, ['apply', '--server-side', ...files.flatMap((file) => ['-f', join(crds, file)])]);
  await must(cluster.kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  ca = (await issueCa({ commonName: 'ca of the test', lifetimeMs: HOUR, now: new Date() })).cert;
});

afterAll(async () => {
  await cluster.stop();
});

function helm(...args: readonly string[]): Promise<KubectlResult> {
  return new Promise((resolve) => {
    const environment = { ...process.env, KUBECONFIG: cluster.kubeconfigPath };
    execFile(helmPath(), args, { env: environment }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, stdout, stderr });
    });
  });
}

const get = <T>(...args: readonly string[]): Promise<T> => getJson<T>(cluster.kubectl, ...args);
const bundles = (): ReturnType<typeof bundlesIn> => bundlesIn(cluster.kubectl);

describe('helm upgrade', () => {
  const release = ['authz', CHART, '--namespace', 'upgraded'];

  afterEach(async () => {
    await helm('uninstall', 'authz', '--namespace', 'upgraded', '--no-hooks', '--wait');
  });

  it('leaves the caBundle alone that the server has written, and changes what the values say', async () => {
    expect(await helm('install', ...release, '--create-namespace')).toMatchObject({ code: 0, stderr: '' });
    expect(new Set(await bundles())).toEqual(new Set([undefined]));
    for (const resource of CONFIGURATIONS.split(',')) {
      const { kind, webhooks } = await get<{ kind: string; webhooks: readonly { name: string }[] }>(
        resource,
        'mcp-authz-webhook',
      );
      const caBundle = Buffer.from(ca).toString('base64');
      const applied = {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind,
        metadata: { name: 'mcp-authz-webhook' },
        webhooks: webhooks.map(({ name }) => ({ name, clientConfig: { caBundle } })),
      };
      const apply = ['apply', '--server-side', '--field-manager=mcp-authz-webhook', '-f', '-'];
      await must(cluster.kubectl, apply, JSON.stringify(applied));
    }
    const changed = ['--set', 'replicaCount=3', '--set', 'webhooks.configsValidate.timeoutSeconds=7'];
    expect(await helm('upgrade', ...release, ...changed)).toMatchObject({ code: 0, stderr: '' });
    expect(new Set(await bundles())).toEqual(new Set([ca]));
    const { spec } = await get<V1Deployment>('deployment', NAME, '-n', 'upgraded');
    expect(spec?.replicas).toBe(3);
    expect(JSON.stringify(await get(CONFIGURATIONS))).toContain('"timeoutSeconds":7');
  });
});

describe('helm install', () => {
  let image: Image;
  let collector: OtlpReceiver;
  let server: ReturnType<Image['start']> | undefined;
  const log: string[] = [];

  beforeAll(async () => {
    await must(cluster.kubectl, ['create', 'namespace', NAMESPACE]);
    await must(cluster.kubectl, ['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted']);
    collector = await startOtlpReceiver();
    const tracing = { enabled: true, endpoint: collector.endpoint, samplingRatio: 1 };
    const values = Object.entries(tracing).flatMap(([key, value]) => ['--set', `tracing.${key}=${String(value)}`]);
    const installed = await helm('install', 'authz', CHART, '--namespace', NAMESPACE, ...values);
    expect(installed.stderr).toBe('');
    image = assembleImage();
  });

  afterAll(async () => {
    server?.kill('SIGKILL');
    image.remove();
    await collector.close();
  });

  it('makes Pods that a namespace which enforces "restricted" lets in', async () => {
    await eventually('2 Pods', async () => {
      const { items } = await get<{ items: readonly object[] }>('pods', '-n', NAMESPACE);
      return items.length === 2;
    });
  });

  it('runs from the image as nobody, on a root that is read-only, and gets ready with the permissions of the chart', async () => {
    const deployment = await get<V1Deployment>('deployment', NAME, '-n', NAMESPACE);
    const [container] = deployment.spec?.template.spec?.containers ?? [];
    await signIn(NAME, 'etc/kubeconfig');
    const args = container?.args ?? [];
    const started = image.start([
      ...args,
      '--kubeconfig=/etc/kubeconfig',
      '--bind-address=127.0.0.1',
      '--port=0',
      '--health-port=0',
    ]);
    server = started;
    for (const stream of [started.stdout, started.stderr]) {
      createInterface(stream).on('line', (line) => log.push(line));
    }
    await eventually('serving', () => {
      if (started.exitCode !== null) {
        throw new Error(`the server ended: ${log.join('\n')}`);
      }
      return Promise.resolve(served() !== undefined);
    });
    const status = readFileSync(`/proc/${String(started.pid)}/status`, 'utf8');
    expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).not.toBe('0');
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(readFileSync(`/proc/${String(started.pid)}/mountinfo`, 'utf8')).toMatch(/ \/ ro[, ]/);
    const { healthPort } = served() ?? {};
    await eventually(
      'ready',
      async () => (await fetch(`http://127.0.0.1:${String(healthPort)}/readyz`)).status === 200,
    );
  });

  it('issues its certificate and publishes the CA in every webhook', async () => {
    await eventually('published', async () => (await bundles()).every((bundle) => bundle !== undefined));
    const { data } = await get<{ data: Record<string, string> }>('secret', 'mcp-authz-webhook-tls', '-n', NAMESPACE);
    const issued = Buffer.from(data['ca.crt'] ?? '', 'base64').toString();
    expect((await bundles()).map((bundle) => bundle?.trim())).toEqual((await bundles()).map(() => issued.trim()));
  });

  it('is called through its Service, and refuses and admits', async () => {
    const { port } = served() ?? {};
    // No node routes to a Pod here: the name of the Service leads to this machine, TLS is still checked against it.
    const service = {
      spec: { type: 'ExternalName', externalName: 'localhost', clusterIP: null, clusterIPs: null, selector: null },
    };
    await must(cluster.kubectl, [
      'patch',
      'service',
      NAME,
      '-n',
      NAMESPACE,
      '--type=merge',
      '-p',
      JSON.stringify(service),
    ]);
    for (const resource of CONFIGURATIONS.split(',')) {
      const { webhooks } = await get<{ webhooks: readonly object[] }>(resource, 'mcp-authz-webhook');
      const patch = webhooks.map((_, index) => ({
        op: 'replace',
        path: `/webhooks/${String(index)}/clientConfig/service/port`,
        value: port,
      }));
      await must(cluster.kubectl, ['patch', resource, 'mcp-authz-webhook', '--type=json', '-p', JSON.stringify(patch)]);
    }
    await must(cluster.kubectl, ['create', 'namespace', 'team']);
    const apply = (object: object): Promise<KubectlResult> =>
      cluster.kubectl(['apply', '-n', 'team', '-f', '-'], JSON.stringify(object));
    await eventually('refused', async () =>
      (await apply(config('wrong', [POLICY.replace(';', '')]))).stderr.includes('spec.config.policies[0]'),
    );
    expect(await apply(config('shared'))).toMatchObject({ code: 0 });
    expect(await apply(workload('MCPServer', 'one', REFERENCE))).toMatchObject({ code: 0 });
    const stored = await get<{ metadata: { annotations?: Record<string, string> } }>('mcpserver', 'one', '-n', 'team');
    expect(stored.metadata.annotations?.['authz.toolhive.stacklok.dev/config-hash']).toMatch(/^[0-9a-f]{64}$/);
    const deleted = await cluster.kubectl(['delete', 'mcpauthzconfig', 'shared', '-n', 'team']);
    // By the webhook, or by the backstop, which comes first once the loop has marked the config.
    expect(deleted.stderr).toMatch(/in use/);
  });

  it('leads by a Lease in its namespace, and writes conditions, with the permissions of the chart', async () => {
    const object = (): Promise<{ status?: { conditions?: readonly { type: string; status: string }[] } }> =>
      get('mcpauthzconfig', 'shared', '-n', 'team');
    await eventually(
      'Valid',
      async () =>
        (await object()).status?.conditions?.some(({ type, status }) => type === 'Valid' && status === 'True') === true,
    );
    await must(cluster.kubectl, ['get', 'lease', 'mcp-authz-webhook', '-n', NAMESPACE]);
    expect(log.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });

  it('sends a trace of each request, with what it asked the API server, the last ones before it ends', async () => {
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server?.kill('SIGTERM');
    await ended;
    const requests = collector.spans.filter(({ name }) => name.startsWith('admission '));
    const told = requests.map(({ attributes }) => [
      attributes['mcp_authz.operation'],
      attributes['mcp_authz.kind'],
      attributes['mcp_authz.decision'],
    ]);
    expect(told).toEqual(expect.arrayContaining([['CREATE', 'MCPAuthzConfig', 'denied']]));
    const creation = requests.find(({ name, attributes }) => {
      return name === 'admission validate' && attributes['mcp_authz.kind'] === 'MCPServer';
    });
    const reads = collector.spans.filter(({ parentSpanId }) => parentSpanId === creation?.spanId);
    expect(reads.map(({ name }) => name)).toContain('get mcpauthzconfigs');
    expect(collector.text()).not.toMatch(/permit|forbid|shared|system:/);
  });

  it('leaves nothing of the release behind, nor of what the server has written, after its clean-up', async () => {
    const uninstall = helm('uninstall', 'authz', '--namespace', NAMESPACE, '--wait');
    expect(await runHookJob(cluster, image, { name: `${NAME}-cleanup`, namespace: NAMESPACE }, signIn)).toContain(
      'nothing of ours is left',
    );
    const gone = await uninstall;
    expect([gone.stdout, gone.stderr]).toEqual([expect.stringContaining('release "authz" uninstalled'), '']);
    const written = await must(cluster.kubectl, ['get', 'secrets,leases', '-n', NAMESPACE, '-o', 'name']);
    expect(written).not.toContain('mcp-authz');
    const used = JSON.stringify(await get('mcpservers,mcpauthzconfigs', '-n', 'team'));
    expect(used).not.toMatch(/authz\.toolhive\.stacklok\.dev\/(config-|resolved|in-use|deletion)/);
    await must(cluster.kubectl, ['delete', 'mcpauthzconfig', 'shared', '-n', 'team', '--timeout=20s']);
    const kinds =
      'deployments,services,serviceaccounts,configmaps,secrets,networkpolicies,poddisruptionbudgets,roles,rolebindings,jobs,' +
      `clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings,${CONFIGURATIONS}`;
    const { items } = await get<{ items: readonly { kind: string; metadata: { name: string } }[] }>(
      kinds,
      '-A',
      '-l',
      'app.kubernetes.io/instance=authz',
    );
    expect(items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
  });

  /** A kubeconfig of one of the accounts, where the image has it. */
  async function signIn(account: string, file: string): Promise<void> {
    const token = await must(cluster.kubectl, ['create', 'token', account, '-n', NAMESPACE, '--duration', '1h']);
    mkdirSync(join(image.root, 'etc'), { recursive: true });
    cpSync(cluster.kubeconfigFor(account, token.trim()), join(image.root, file));
    chmodSync(join(image.root, file), 0o644);
  }

  function served(): { readonly port: number; readonly healthPort: number } | undefined {
    const line = log.find((entry) => entry.includes('"message":"serving"'));
    return line === undefined ? undefined : (JSON.parse(line) as { port: number; healthPort: number });
  }
});
