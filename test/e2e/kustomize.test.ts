/** webhooks/ and its variants in certs/, as the real kubectl takes them, on a control plane of their own. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { issueCa, issueServing } from '../../src/certs/issue.ts';
import type { ControlPlane } from '../../src/cli/playground/control-plane.ts';
import { must } from '../../src/cli/playground/environment.ts';
import { bundlesIn, getJson } from './bundles.ts';
import { eventually } from './cluster.ts';
import { openControlPlane } from './control-plane.ts';

const ROOT = join(import.meta.dirname, '../..');
const HOUR = 3600 * 1000;

let cluster: ControlPlane;
let folder: string;
let certificates: { ca: string; cert: string; key: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-authz-kustomize-'));
  cluster = await openControlPlane();
  const now = new Date();
  const ca = await issueCa({ commonName: 'ca of the test', lifetimeMs: HOUR, now });
  const dnsNames = ['mcp-authz-webhook.mcp-authz-system.svc'];
  const leaf = await issueServing({ ca, dnsNames, lifetimeMs: HOUR, now });
  certificates = { ca: ca.cert, cert: leaf.cert, key: leaf.key };
});
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('kubectl apply -k', () => {
  afterEach(async () => {
    await must(cluster.kubectl, ['delete', '-k', join(ROOT, 'webhooks'), '--wait=false']);
  });

  it('takes webhooks/', async () => {
    await must(cluster.kubectl, ['apply', '-k', join(ROOT, 'webhooks')]);
    const seen = await bundlesIn(cluster.kubectl);
    expect(seen.length).toBeGreaterThan(3);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('takes certs/files, with the CA in every webhook and the certificate in a Secret', async () => {
    for (const part of ['webhooks', 'certs']) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    for (const [name, text] of [
      ['ca.crt', certificates.ca],
      ['tls.crt', certificates.cert],
      ['tls.key', certificates.key],
    ] as const) {
      writeFileSync(join(folder, 'certs/files', name), text);
    }
    // The namespace of the test before may still be going.
    await eventually(
      'applied',
      async () => (await cluster.kubectl(['apply', '-k', join(folder, 'certs/files')])).code === 0,
    );
    expect(new Set(await bundlesIn(cluster.kubectl))).toEqual(new Set([certificates.ca]));
    const { data } = await getJson<{ data: Record<string, string> }>(
      cluster.kubectl,
      'secret',
      'mcp-authz-webhook-tls',
      '-n',
      'mcp-authz-system',
    );
    expect(Buffer.from(data['tls.crt'] ?? '', 'base64').toString()).toBe(certificates.cert);
  });
});

describe('kubectl kustomize', () => {
  it('renders certs/cert-manager: webhooks/, whose CA cert-manager injects from the certificate of the Service', async () => {
    const rendered = await must(cluster.kubectl, ['kustomize', join(ROOT, 'certs/cert-manager')]);
    const objects = parseAllDocuments(rendered).map((document) => document.toJS() as KubernetesObject);
    const configurations = objects.filter(({ kind }) => kind.endsWith('WebhookConfiguration'));
    expect(configurations.map(({ metadata }) => [metadata.name, metadata.annotations])).toEqual(
      ['Mutating', 'Validating'].map(() => [
        'mcp-authz-webhook',
        { 'cert-manager.io/inject-ca-from': 'mcp-authz-system/mcp-authz-webhook' },
      ]),
    );
    const certificates = objects.filter(({ kind }) => kind === 'Certificate');
    const serving = certificates.find(({ metadata }) => metadata.name === 'mcp-authz-webhook');
    expect(serving?.['spec']).toMatchObject({
      secretName: 'mcp-authz-webhook-tls',
      dnsNames: expect.arrayContaining(['mcp-authz-webhook.mcp-authz-system.svc']) as unknown,
    });
    const base = await must(cluster.kubectl, ['kustomize', join(ROOT, 'webhooks')]);
    expect(objects.length).toBe(parseAllDocuments(base).length + certificates.length + 2);
  });
});
