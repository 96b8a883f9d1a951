/** The programs that are measured, each started the same way: pinned to the server's core, its output in a file. */
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:tls';
import { join } from 'node:path';
import { freePort } from '../../src/cli/playground/free-ports.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import type { Certificates } from './certificates.ts';
import type { Target } from './load/task.ts';
import { buildControllerRuntime, installPepr } from './peers.ts';
import { startProgram, waitFor, type ProgramProcess } from './processes.ts';

export type ProgramName = 'ours' | 'controller-runtime' | 'floor' | 'pepr';
export const PEERS: readonly ProgramName[] = ['controller-runtime', 'floor', 'pepr'];

export interface Program {
  readonly name: ProgramName;
  readonly process: ProgramProcess;
  readonly target: Target;
  /** Of the health port; only ours has one. */
  readonly healthPort?: number;
}

export interface ProgramOptions {
  readonly folder: string;
  readonly certificates: Certificates;
  /** Leads to what answers live reads. */
  readonly kubeconfig: string;
  /** Where Go and npm put what they build, for progress. */
  readonly say: (text: string) => void;
}

/** Of our own server beyond what every program is given. */
export interface OurOptions {
  readonly flags?: readonly string[];
  /** Modules that Node loads before it, to look inside. */
  readonly preload?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly label?: string;
}

/** What the image sets. */
function imageEnvironment(): Readonly<Record<string, string>> {
  const dockerfile = readFileSync(join(projectRoot(), 'Dockerfile'), 'utf8');
  return Object.fromEntries(
    [...dockerfile.matchAll(/^ENV (\w+)="?(.*?)"?$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** As the API server asks: with the webhook's timeout. */
const QUERY = '?timeout=10s';
const PEPR_PATH = 'benchmark';

export function startPeer(name: ProgramName, options: ProgramOptions): Promise<Program> {
  switch (name) {
    case 'controller-runtime':
      return startControllerRuntime(options);
    case 'floor':
      return startFloor(options);
    case 'pepr':
      return startPepr(options);
    case 'ours':
      return startOurs(options);
  }
}

/** The server that is shipped, started as in its image, with every rule and the companion loop on; not `serve` called as a function. */
export async function startOurs(
  { folder, certificates, kubeconfig }: ProgramOptions,
  { flags = [], preload = [], environment = {}, label = 'ours' }: OurOptions = {},
): Promise<Program> {
  const program = startProgram({
    name: label,
    command: process.execPath,
    args: [
      ...preload.flatMap((module) => ['--import', module]),
      ...[join(projectRoot(), 'dist/main.js'), 'serve', '--kubeconfig', kubeconfig],
      ...['--tls-cert-file', certificates.certFile, '--tls-private-key-file', certificates.keyFile],
      ...['--bind-address', '127.0.0.1', '--port', '0', '--health-port', '0', ...flags],
    ],
    core: 'server',
    logFile: join(folder, `${label}.log`),
    environment: { ...imageEnvironment(), ...environment },
  });
  const { port, healthPort } = await waitFor('it does not serve', program, () => portsIn(program.log()), {
    everyMs: 5,
  });
  return {
    name: 'ours',
    process: program,
    target: { port, path: `/validate${QUERY}`, ca: certificates.ca },
    healthPort,
  };
}

interface Ports {
  readonly port: number;
  readonly healthPort: number;
}

function portsIn(log: string): Ports | undefined {
  const line = log.split('\n').find((each) => each.includes('"serving"') && each.endsWith('}'));
  return line === undefined ? undefined : (JSON.parse(line) as Ports); // one of our own log lines
}

/** Undefined while it is not ready. */
export async function readiness({ healthPort = 0 }: Program): Promise<true | undefined> {
  try {
    return (await fetch(`http://127.0.0.1:${String(healthPort)}/readyz`)).status === 200 ? true : undefined;
  } catch {
    return undefined;
  }
}

export async function untilReady(program: Program, withinMs = 120_000): Promise<void> {
  await waitFor('it is not ready', program.process, () => readiness(program), { withinMs, everyMs: 5 });
}

async function startControllerRuntime(options: ProgramOptions): Promise<Program> {
  const command = await buildControllerRuntime(options.say);
  const { certFile, keyFile } = options.certificates;
  return startOnPort('controller-runtime', options, `/validate${QUERY}`, (port) => ({
    command,
    args: ['-port', String(port), '-tls-cert-file', certFile, '-tls-private-key-file', keyFile],
  }));
}

function startFloor(options: ProgramOptions): Promise<Program> {
  const { certFile, keyFile } = options.certificates;
  return startOnPort('floor', options, `/validate${QUERY}`, (port) => ({
    command: process.execPath,
    args: [join(import.meta.dirname, 'peers/floor/server.js'), String(port), certFile, keyFile],
  }));
}

/** It answers admission only once it has read its store from an API server. */
async function startPepr(options: ProgramOptions): Promise<Program> {
  const folder = await installPepr(options.say);
  const { certFile, keyFile } = options.certificates;
  const program = await startOnPort('pepr', options, `/validate/${PEPR_PATH}${QUERY}`, (port) => ({
    command: process.execPath,
    args: [join(folder, 'module.js')],
    environment: {
      ...{ PORT: String(port), PEPR_API_PATH: PEPR_PATH, PEPR_WATCH_MODE: 'false', NODE_ENV: 'production' },
      ...{ SSL_CERT_PATH: certFile, SSL_KEY_PATH: keyFile, KUBECONFIG: options.kubeconfig },
    },
  }));
  await waitFor('it does not answer', program.process, () => isHealthy(program.target));
  return program;
}

function isHealthy({ port, ca }: Target): Promise<true | undefined> {
  return new Promise((resolve) => {
    const call = get(
      { host: '127.0.0.1', port, ca, servername: 'localhost', path: '/healthz', agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200 ? true : undefined);
      },
    );
    call.on('error', () => {
      resolve(undefined);
    });
  });
}

interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

async function startOnPort(
  name: ProgramName,
  { folder, certificates }: ProgramOptions,
  path: string,
  start: (port: number) => Start,
): Promise<Program> {
  const port = await freePort();
  const program = startProgram({ name, core: 'server', logFile: join(folder, `${name}.log`), ...start(port) });
  const target = { port, path, ca: certificates.ca };
  await waitFor('it does not serve', program, () => accepts(target));
  return { name, process: program, target };
}

function accepts({ port, ca }: Target): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
    const end = (found: true | undefined) => (): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once('secureConnect', end(true)).once('error', end(undefined));
  });
}
