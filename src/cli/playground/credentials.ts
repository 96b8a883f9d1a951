/** Certificates and kubeconfigs of a control plane that lives for a moment. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueCa, issueClient, issueServing, type IssuedCertificate } from '../../certs/issue.ts';

const DAY = 24 * 3600 * 1000;

export interface Credentials {
  readonly folder: string;
  readonly ca: IssuedCertificate;
  readonly admin: IssuedCertificate;
  readonly kubeconfig: string;
  readonly path: (name: string) => string;
}

export async function writeCredentials(folder: string, apiPort: number): Promise<Credentials> {
  const now = new Date();
  const lifetimeMs = 30 * DAY;
  const ca = await issueCa({ commonName: 'mcp-authz playground cluster', lifetimeMs, now });
  const serving = await issueServing({
    ca,
    commonName: 'kube-apiserver',
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ipAddresses: ['127.0.0.1', '10.0.0.1'],
    lifetimeMs,
    now,
  });
  const admin = await issueClient({
    ca,
    commonName: 'playground-admin',
    organizations: ['system:masters'],
    lifetimeMs,
    now,
  });
  const path = (name: string): string => join(folder, name);
  const signing = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const contents = {
    'ca.crt': ca.cert,
    'apiserver.crt': serving.cert,
    'apiserver.key': serving.key,
    'service-account.key': signing,
  };
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(path(name), content, { mode: 0o600 });
  }
  const kubeconfig = writeKubeconfig(path('admin.kubeconfig'), `https://127.0.0.1:${String(apiPort)}`, ca.cert, {
    'client-certificate-data': Buffer.from(admin.cert).toString('base64'),
    'client-key-data': Buffer.from(admin.key).toString('base64'),
  });
  return { folder, ca, admin, kubeconfig, path };
}

export function writeKubeconfig(
  file: string,
  server: string,
  ca: string,
  user: Readonly<Record<string, string>>,
): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'playground', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name: 'user', user }],
    contexts: [{ name: 'playground', context: { cluster: 'playground', user: 'user', namespace: 'default' } }],
    'current-context': 'playground',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
