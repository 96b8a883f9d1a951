/** The package as whoever installs it gets it: packed, installed into an empty folder, and run from there. */
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { issueCa, issueServing } from '../../src/certs/issue.ts';
import { startServerProcess } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { sharedCluster } from './cluster.ts';
import { config } from './objects.ts';

let folder: string;
let installed: string;

function run(program: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  const path = join(folder, 'node_modules/.bin', program);
  return spawnSync(process.execPath, [path, ...args], { cwd: folder, encoding: 'utf8' });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-authz-package-'));
  installed = join(folder, 'node_modules/mcp-authz-webhook');
  const npm = (cwd: string, ...args: readonly string[]): string =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  // Its "prepare" script would build what is built already.
  const archive = npm(projectRoot(), 'pack', '--ignore-scripts', '--pack-destination', folder).trim();
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  npm(folder, 'install', join(folder, archive), '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund');
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('check refuses what is wrong, and lets the rest pass', () => {
  writeFileSync(join(folder, 'right.json'), JSON.stringify(config('right', ['permit(principal, action, resource);'])));
  writeFileSync(join(folder, 'wrong.json'), JSON.stringify(config('wrong', ['permit('])));
  expect(run('mcp-authz', 'check', '-f', 'right.json').status).toBe(0);
  const { status, stdout } = run('mcp-authz', 'check', '-f', 'wrong.json');
  expect([status, stdout]).toEqual([1, expect.stringContaining('[authz-config]')]);
});

it('is a plugin of kubectl, too', () => {
  expect(run('kubectl-mcp_authz', '--version').stdout).toBe(run('mcp-authz', '--version').stdout);
});

it('serve answers the API server', async () => {
  const life = { lifetimeMs: 3_600_000, now: new Date() };
  const ca = await issueCa({ commonName: 'ca', ...life });
  const { cert, key } = await issueServing({ ca, dnsNames: ['localhost'], ...life });
  writeFileSync(join(folder, 'tls.crt'), cert);
  writeFileSync(join(folder, 'tls.key'), key);
  const server = await startServerProcess(installed, folder, [
    ...['--kubeconfig', sharedCluster().kubeconfig, '--port', '0', '--health-port', '0', '--loop', 'off'],
    ...['--tls-cert-file', join(folder, 'tls.crt'), '--tls-private-key-file', join(folder, 'tls.key')],
  ]);
  try {
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'of-the-package',
        kind: { group: 'toolhive.stacklok.dev', version: 'v1beta1', kind: 'MCPAuthzConfig' },
        resource: { group: 'toolhive.stacklok.dev', version: 'v1beta1', resource: 'mcpauthzconfigs' },
        name: 'wrong',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'alice' },
        object: config('wrong', ['permit(']),
      },
    };
    expect(await post(server.port, ca.cert, review)).toMatchObject({
      response: { uid: 'of-the-package', allowed: false, status: { code: 422, reason: 'Invalid' } },
    });
  } finally {
    await server.stop();
  }
});

function post(port: number, ca: string, body: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request({ host: 'localhost', port, path: '/validate', method: 'POST', ca, headers }, (response) => {
      text(response).then((answer) => {
        resolve(JSON.parse(answer) as unknown);
      }, reject);
    })
      .on('error', reject)
      .end(JSON.stringify(body));
  });
}
