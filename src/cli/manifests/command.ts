import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { examples } from '../examples.ts';
import { parseTarget, renderManifests } from './manifests.ts';

interface ManifestsFlags {
  readonly url?: string;
  readonly service?: string;
  readonly caFile?: string;
}

export function manifestsCommand(write: (text: string) => void): Command {
  return new Command('manifests')
    .description('print the webhook configurations, ready for kubectl apply -f -')
    .option('--url <https://HOST:PORT>', 'where the API server reaches the server')
    .option('--service <namespace/name>', 'the Service that it is reached by')
    .option('--ca-file <file>', 'certificate authority to trust, PEM; goes into caBundle')
    .addHelpText(
      'after',
      examples(
        'mcp-authz manifests --service mcp-authz-system/mcp-authz-webhook | kubectl apply -f -',
        'mcp-authz manifests --url https://127.0.0.1:9443 --ca-file ca.crt | kubectl apply -f -',
      ),
    )
    .action((flags: ManifestsFlags, command: Command) => {
      const target = parseTarget(flags, flags.caFile === undefined ? undefined : readCa(flags.caFile, command));
      if ('fault' in target) {
        command.error(`error: ${target.fault}`);
      }
      write(renderManifests({ target }));
    });
}

function readCa(file: string, command: Command): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (!text.includes('-----BEGIN CERTIFICATE-----')) {
      command.error(`error: --ca-file ${file} holds no PEM certificate`);
    }
    return text;
  } catch (error) {
    return command.error(
      `error: --ca-file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
