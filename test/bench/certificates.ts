/** One CA and one certificate for everybody: the same curve, the same handshake. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueCa, issueServing } from '../../src/certs/issue.ts';

export interface Certificates {
  /** PEM. */
  readonly ca: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const DAY = 24 * 3600 * 1000;

export async function issueCertificates(folder: string): Promise<Certificates> {
  const now = new Date();
  const ca = await issueCa({ commonName: 'mcp-authz benchmark CA', lifetimeMs: 30 * DAY, now });
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] };
  const serving = await issueServing({ ca, ...names, lifetimeMs: 7 * DAY, now });
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  writeFileSync(files.certFile, serving.cert);
  writeFileSync(files.keyFile, serving.key, { mode: 0o600 });
  return { ca: ca.cert, ...files };
}
