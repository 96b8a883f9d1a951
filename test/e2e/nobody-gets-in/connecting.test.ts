/** Somebody who is not the API server asks the admission port: without TLS, or without the certificate that is required. */
import { writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { issueCa, issueClient, type IssuedCertificate } from '../../../src/certs/issue.ts';
import { startServerProcess, type ServerProcess } from '../../../src/cli/playground/environment.ts';
import { projectRoot } from '../../../src/cli/playground/root.ts';
import { metric } from '../api.ts';
import { sharedCluster } from '../cluster.ts';

const LIFE = { lifetimeMs: 3600_000, now: new Date() };
const REVIEW = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u', operation: 'CREATE', object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } } },
});

let server: ServerProcess;
let ours: IssuedCertificate;
let folder: string;
beforeAll(async () => {
  ({ folder } = sharedCluster());
  ours = await issueCa({ commonName: 'who calls webhooks', ...LIFE });
  const caFile = join(folder, 'callers-ca.crt');
  writeFileSync(caFile, ours.cert);
  server = await startServerProcess(projectRoot(), folder, [
    ...['--kubeconfig', join(folder, 'mcp-authz-webhook.kubeconfig'), '--loop', 'off'],
    ...['--tls-cert-file', join(folder, 'webhook.crt'), '--tls-private-key-file', join(folder, 'webhook.key')],
    ...['--client-ca-file', caFile, '--client-allowed-names', 'kube-apiserver', '--port', '0', '--health-port', '0'],
  ]);
});
afterAll(() => server.stop());

const answered = (): Promise<number> => metric(server.healthPort, 'mcp_authz_admission_requests_total');

/** The HTTP status, or why there was none. */
function ask(options: RequestOptions): Promise<number | string> {
  const ca = readFileSync(join(folder, 'webhook-ca.crt'));
  return new Promise((resolve) => {
    const call = request(
      {
        ...{ host: '127.0.0.1', port: server.port, path: '/validate', method: 'POST', ca, agent: false },
        ...{ headers: { 'Content-Type': 'application/json' }, ...options },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    call.on('error', () => {
      resolve('no answer');
    });
    call.end(REVIEW);
  });
}

async function certificateOf(commonName: string, ca: IssuedCertificate): Promise<RequestOptions> {
  const { cert, key } = await issueClient({ ca, commonName, ...LIFE });
  return { cert, key };
}

it('the API server’s certificate is answered', async () => {
  expect(await ask(await certificateOf('kube-apiserver', ours))).toBe(200);
  expect(await answered()).toBe(1);
});

it.each<[string, () => Promise<RequestOptions>, number | string]>([
  ['no certificate', () => Promise.resolve({}), 'no answer'],
  [
    'one that another authority signed for that name',
    async () => certificateOf('kube-apiserver', await issueCa({ commonName: 'who calls webhooks', ...LIFE })),
    'no answer',
  ],
  [
    'one that has expired',
    async () => {
      const past = { lifetimeMs: 1000, now: new Date(Date.now() - 3600_000) };
      const { cert, key } = await issueClient({ ca: ours, commonName: 'kube-apiserver', ...past });
      return { cert, key };
    },
    'no answer',
  ],
  ['one of the right authority for another name', () => certificateOf('mallory', ours), 403],
])('%s is not', async (_title, options, outcome) => {
  const before = await answered();
  expect(await ask(await options())).toBe(outcome);
  expect(await answered()).toBe(before);
});

it('nobody is answered without TLS, nor below the lowest version of it', async () => {
  const before = await answered();
  const text = `POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${String(REVIEW.length)}\r\n\r\n${REVIEW}`;
  const heard = await new Promise<string>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
  });
  expect(heard).not.toContain('HTTP/1.1 200');
  expect(heard).not.toContain('AdmissionReview');
  const old = { ...(await certificateOf('kube-apiserver', ours)), maxVersion: 'TLSv1.2' as const };
  expect(await ask(old)).toBe('no answer');
  expect(await answered()).toBe(before);
});
