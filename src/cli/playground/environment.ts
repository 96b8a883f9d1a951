/**
 * A control plane with the real server registered in it: what the playground shows and the end-to-end tests drive.
 * The server runs as a process of its own, under the ServiceAccount and the permissions of webhooks/rbac.yaml.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { issueCa, issueServing } from '../../certs/issue.ts';
import { ACCOUNT } from '../manifests/kustomize.ts';
import { parseTarget, renderManifests } from '../manifests/manifests.ts';
import type { Kubectl } from './demonstration.ts';

export interface ClusterAccess {
  readonly kubectl: Kubectl;
  /** A kubeconfig file for the bearer of `token`. */
  readonly kubeconfigFor: (name: string, token: string) => string;
  /** A folder that goes when the control plane goes. */
  readonly folder: string;
}

export interface EnvironmentOptions {
  /** The repository's root, where webhooks/ and the CRDs are. */
  readonly root: string;
  /** Folder of CRDs to install; the project's own where absent. */
  readonly crds?: string;
  /** More flags for `serve`. */
  readonly flags?: readonly string[];
}

export interface ServerProcess {
  readonly process: ChildProcess;
  readonly port: number;
  readonly healthPort: number;
  readonly logFile: string;
  /** SIGTERM, then waits for the end. */
  stop(): Promise<void>;
}

export interface Environment {
  readonly server: ServerProcess;
  /** Registers the webhooks, again if somebody took them away, and waits until they are asked. */
  register(): Promise<void>;
  stop(): Promise<void>;
}

const DAY = 24 * 3600 * 1000;
/** How long each step may take; a miss is an error with what was seen last. */
const PATIENCE = 60_000;

export async function startEnvironment(
  cluster: ClusterAccess,
  { root, crds, flags = [] }: EnvironmentOptions,
  say: (text: string) => void,
): Promise<Environment> {
  say('installing the CRDs');
  await installCrds(cluster.kubectl, crds ?? join(root, 'test/crds'));
  say('installing the permissions of the server');
  await must(cluster.kubectl, ['apply', '-f', join(root, 'webhooks/rbac.yaml')]);
  const { name, namespace } = ACCOUNT;
  const token = await must(cluster.kubectl, ['create', 'token', name, '-n', namespace, '--duration', '24h']);
  const kubeconfig = cluster.kubeconfigFor(name, token.trim());
  say('issuing certificates');
  const files = await issueCertificates(cluster.folder);
  say('starting the server');
  const server = await startServerProcess(root, cluster.folder, [
    ...['--kubeconfig', kubeconfig, '--tls-cert-file', files.cert, '--tls-private-key-file', files.key],
    ...['--port', '0', '--health-port', '0', ...flags],
  ]);
  say('registering the webhooks');
  const register = (): Promise<void> => registerWebhooks(cluster.kubectl, server.port, readFileSync(files.ca, 'utf8'));
  await register();
  return { server, register, stop: () => server.stop() };
}

async function registerWebhooks(kubectl: Kubectl, port: number, ca: string): Promise<void> {
  const target = parseTarget({ url: `https://127.0.0.1:${String(port)}` }, ca);
  if ('fault' in target) {
    throw new Error(target.fault);
  }
  await must(kubectl, ['apply', '-f', '-'], renderManifests({ target, account: ACCOUNT }));
  await registered(kubectl);
}

/** Server-side, because the annotation of a client-side apply cannot hold VirtualMCPServer's real CRD. */
export async function installCrds(kubectl: Kubectl, folder: string): Promise<void> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  await must(kubectl, ['apply', '--server-side', ...files.flatMap((file) => ['-f', join(folder, file)])]);
  await must(kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
}

async function issueCertificates(folder: string): Promise<{ ca: string; cert: string; key: string }> {
  const now = new Date();
  const ca = await issueCa({ commonName: 'mcp-authz playground CA', lifetimeMs: 30 * DAY, now });
  const serving = await issueServing({
    ca,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    lifetimeMs: 7 * DAY,
    now,
  });
  const files = {
    ca: join(folder, 'webhook-ca.crt'),
    cert: join(folder, 'webhook.crt'),
    key: join(folder, 'webhook.key'),
  };
  writeFileSync(files.ca, ca.cert);
  writeFileSync(files.cert, serving.cert);
  writeFileSync(files.key, serving.key, { mode: 0o600 });
  return files;
}

/** Starts `serve` and waits until it says where it listens. Its log goes to a file in `folder`. */
export async function startServerProcess(
  root: string,
  folder: string,
  flags: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ServerProcess> {
  const logFile = join(folder, `server-${String(process.pid)}-${String(performance.now()).replace('.', '')}.log`);
  const log = createWriteStream(logFile);
  const child = spawn(process.execPath, [join(root, 'dist/main.js'), 'serve', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  const { promise, resolve, reject } = Promise.withResolvers<{ port: number; healthPort: number }>();
  const errors: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    log.write(`${line}\n`);
    const entry = serving(line);
    if (entry !== undefined) {
      resolve(entry);
    }
  });
  createInterface(child.stderr).on('line', (line) => {
    log.write(`${line}\n`);
    errors.push(line);
  });
  const ended = new Promise<void>((done) => {
    child.once('exit', (code) => {
      reject(new Error(`the server ended with ${String(code)}: ${errors.join(' ')} (log: ${logFile})`));
      done();
    });
  });
  child.once('error', reject);
  const ports = await promise;
  return {
    process: child,
    ...ports,
    logFile,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function serving(line: string): { port: number; healthPort: number } | undefined {
  if (!line.includes('"serving"')) {
    return undefined;
  }
  const entry = JSON.parse(line) as { port?: unknown; healthPort?: unknown }; // one of our own log lines
  return typeof entry.port === 'number' && typeof entry.healthPort === 'number'
    ? { port: entry.port, healthPort: entry.healthPort }
    : undefined;
}

const PROBE = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata: { name: registration-probe, namespace: default }
spec: { type: cedarv1, config: { policies: ['this is no policy'] } }
`;

/** The API server takes a moment to act on a new registration: ask with what must be refused until it is. */
async function registered(kubectl: Kubectl): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const result = await kubectl(['apply', '--dry-run=server', '-f', '-'], PROBE);
    if (result.stderr.includes('[authz-config]')) {
      return;
    }
    if (performance.now() > deadline) {
      throw new Error(`the registered webhook is not asked: ${result.stdout}${result.stderr}`);
    }
  }
}

/** @throws Error with what kubectl printed, where it did not succeed. */
export async function must(kubectl: Kubectl, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, input);
  if (code !== 0) {
    throw new Error(`kubectl ${args.join(' ')} failed: ${stderr}`);
  }
  return stdout;
}
