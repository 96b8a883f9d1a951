import { Command } from 'commander';
import pc from 'picocolors';
import { addSettings, runServe, type ServeProcess } from '../serve/command.ts';
import { examples } from '../examples.ts';
import type { Paint } from './demonstration.ts';

export interface StartProcess extends ServeProcess {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}

/** `npm start`: serves the cluster that is named, or opens a cluster of its own. */
export function startCommand(process: StartProcess): Command {
  return addSettings(new Command('start'))
    .description('serve the cluster that is named, or open a playground with a control plane of its own')
    .option('--exit', 'end after the demonstration; exit code 0 only if every answer was the expected one')
    .addHelpText(
      'after',
      `
A cluster is named by --kubeconfig, by KUBECONFIG, or by running inside one.
${examples('npm start', 'npm start -- --exit', 'npm start -- --kubeconfig ~/.kube/config --tls-cert-file tls.crt --tls-private-key-file tls.key')}`,
    )
    .action(async (flags: Readonly<Record<string, unknown>>) => {
      if (isClusterNamed(flags, process.environment)) {
        await runServe(flags, process);
        return;
      }
      const { openPlayground } = await import('./playground.ts');
      const expected = await openPlayground(
        { exit: flags['exit'] === true },
        { ...process, paint: paint(process.isTerminal) },
      );
      if (!expected) {
        throw new Error('not every answer was the expected one');
      }
    });
}

export function isClusterNamed(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return [
    flags['kubeconfig'],
    environment['MCP_AUTHZ_KUBECONFIG'],
    environment['KUBECONFIG'],
    environment['KUBERNETES_SERVICE_HOST'],
  ].some((named) => named !== undefined && named !== '');
}

function paint(isTerminal: boolean): Paint {
  const colors = pc.createColors(isTerminal && pc.isColorSupported);
  return { bold: colors.bold, dim: colors.dim, good: colors.green, bad: colors.red };
}
