import { Command } from 'commander';
import { installationOptions, type InstallationFlags } from '../doctor/command.ts';
import { examples } from '../examples.ts';

export interface CleanupProcess {
  readonly write: (text: string) => void;
  readonly end: (code: number) => void;
}

interface CleanupFlags extends InstallationFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly deployment?: string;
}

const TIMEOUT_MS = 600_000;

export function cleanupCommand(process: CleanupProcess): Command {
  return installationOptions(new Command('cleanup'))
    .description('take everything of ours out of a cluster: registrations, finalizers, labels, annotations, objects')
    .option('--yes', 'do it; else it is only said what would be done')
    .option('--deployment <name>', 'Deployment of the server, to be scaled to nothing before anything else')
    .option('--dry-run', 'only say what would be done, and exit with 0')
    .addHelpText(
      'after',
      `
Exit status: 0 done, or nothing to do; 1 there is something to do and --yes was not given; 2 it failed.
${examples('mcp-authz cleanup --dry-run', 'mcp-authz cleanup --yes')}`,
    )
    .action(async (flags: CleanupFlags) => {
      const { createKubeClient, loadKubeConfig } = await import('../../kube/client.ts');
      const { cleanUp, find, removals } = await import('./cleanup.ts');
      const client = createKubeClient(loadKubeConfig(flags));
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const { namespace, webhookConfiguration, tlsSecretName, leaseName, serviceAccount: account, deployment } = flags;
      const installation = { configuration: webhookConfiguration, secret: tlsSecretName, lease: leaseName };
      const names = { namespace, ...installation, account, deployment };
      const say = (text: string): void => {
        process.write(`${text}\n`);
      };
      try {
        if (flags.yes === true && flags.dryRun !== true) {
          await cleanUp(names, { client, now: () => new Date(), say }, signal);
          say('nothing of ours is left');
          return;
        }
        const found = removals(await find(client, names, signal));
        found.forEach(({ what }) => {
          say(`would remove ${what}`);
        });
        say(found.length === 0 ? 'nothing of ours is there' : 'nothing was changed; --yes does it');
        process.end(found.length === 0 || flags.dryRun === true ? 0 : 1);
      } finally {
        client.close();
      }
    });
}
