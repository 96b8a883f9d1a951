/** The stand-in API server seen from outside, with a kubeconfig that leads to it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificates } from '../certificates.ts';
import { startProgram } from '../processes.ts';
import type { Population } from './objects.ts';

export interface StandIn {
  readonly kubeconfig: string;
  readonly stop: () => Promise<void>;
}

export interface StandInOptions extends Population {
  /** Unique within a run; names its files. */
  readonly name: string;
  /** Somebody else leads: the server reads and remembers everything, and writes nothing. */
  readonly leaseTaken: boolean;
}

export async function startStandIn(
  folder: string,
  { ca, certFile, keyFile }: Certificates,
  { name, workloads, configs, leaseTaken }: StandInOptions,
): Promise<StandIn> {
  const program = startProgram({
    name,
    command: process.execPath,
    args: [
      join(import.meta.dirname, 'program.ts'),
      ...['--cert-file', certFile, '--key-file', keyFile],
      ...['--workloads', String(workloads), '--configs', String(configs)],
      ...(leaseTaken ? ['--lease-taken'] : []),
    ],
    core: 'load',
    logFile: join(folder, `${name}.log`),
    messages: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  program.child.once('message', ({ port }: { readonly port: number }) => {
    resolve(port);
  });
  program.child.once('exit', () => {
    reject(new Error(`${name} did not start: ${program.log()}`));
  });
  const server = `https://127.0.0.1:${String(await promise)}`;
  const kubeconfig = join(folder, `${name}.kubeconfig`);
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(server, ca)));
  return { kubeconfig, stop: program.stop };
}

function kubeconfigOf(server: string, ca: string): object {
  const name = 'stand-in';
  return {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': name },
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token: 'nobody-asks' } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
}
