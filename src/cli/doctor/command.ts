import { Command, Option } from 'commander';
import pc from 'picocolors';
import { examples } from '../examples.ts';
import { diagnose } from './checks.ts';
import { EXIT, jsonReport, textReport, worst, type Paint } from './report.ts';

export interface DoctorProcess {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly end: (code: number) => void;
}

/** Of an installation as it is shipped; the chart may name things otherwise. */
export interface InstallationFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly webhookConfiguration: string;
  readonly tlsSecretName: string;
  readonly leaseName: string;
  readonly serviceAccount: string;
}

interface DoctorFlags extends InstallationFlags {
  readonly output: 'text' | 'json';
  readonly probeNamespace: string;
}

const TIMEOUT_MS = 120_000;

/** The options by which an installation is found, shared by the commands that look at one. */
export function installationOptions(command: Command): Command {
  const name = 'mcp-authz-webhook';
  return command
    .option('--kubeconfig <file>', 'kubeconfig of the cluster')
    .option('--context <name>', 'context within the kubeconfig')
    .option('-n, --namespace <name>', 'namespace of the server', 'mcp-authz-system')
    .option('--webhook-configuration <name>', 'name of the two webhook configurations', name)
    .option('--tls-secret-name <name>', 'Secret of self-managed certificates', `${name}-tls`)
    .option('--lease-name <name>', 'Lease of the leader', name)
    .option('--service-account <name>', 'account of the server', name);
}

export function doctorCommand(process: DoctorProcess): Command {
  return installationOptions(new Command('doctor'))
    .description('look an installation over: certificates, reach, permissions, CRDs, stuck objects, leftovers')
    .addOption(new Option('-o, --output <format>', 'format of the report').choices(['text', 'json']).default('text'))
    .option('--probe-namespace <name>', 'where two dry-run configs are sent to; nothing is stored', 'default')
    .addHelpText(
      'after',
      `
Exit status: 0 all is well, 1 there are warnings, 2 there are problems, or the cluster cannot be asked.
${examples('mcp-authz doctor', 'mcp-authz doctor --context production -o json')}`,
    )
    .action(async (flags: DoctorFlags) => {
      // Imported here, so that commands that need no cluster do not pay for its client.
      const { createKubeClient, loadKubeConfig } = await import('../../kube/client.ts');
      const { gather } = await import('./gather.ts');
      const client = createKubeClient(loadKubeConfig(flags));
      try {
        const { namespace, webhookConfiguration, tlsSecretName, leaseName, serviceAccount, probeNamespace } = flags;
        const names = { namespace, configuration: webhookConfiguration, secret: tlsSecretName };
        const gathered = await gather(
          client,
          { names: { ...names, lease: leaseName, account: serviceAccount }, probeNamespace },
          { now: new Date(), signal: AbortSignal.timeout(TIMEOUT_MS) },
        );
        const diagnoses = diagnose(gathered);
        process.write(flags.output === 'json' ? jsonReport(diagnoses) : textReport(diagnoses, paint(process)));
        process.end(EXIT[worst(diagnoses)]);
      } finally {
        client.close();
      }
    });
}

function paint({ isTerminal }: DoctorProcess): Paint {
  const colors = pc.createColors(isTerminal && pc.isColorSupported);
  return { ok: colors.green, warning: colors.yellow, problem: colors.red };
}
