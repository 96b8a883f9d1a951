import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { loadCustomRules, readRuleFiles } from '../../custom-rules/index.ts';
import type { Rule } from '../../rules/contract.ts';
import { BUILT_IN_IDS } from '../built-in-ids.ts';
import { examples } from '../examples.ts';
import { parseAccount, parseTarget, renderManifests } from './manifests.ts';

interface ManifestsFlags {
  readonly url?: string;
  readonly service?: string;
  readonly serviceAccount?: string;
  readonly caFile?: string;
  readonly customRules: readonly string[];
}

export function manifestsCommand(write: (text: string) => void): Command {
  return new Command('manifests')
    .description('print the webhook configurations, ready for kubectl apply -f -')
    .option('--url <https://HOST:PORT>', 'where the API server reaches the server')
    .option('--service <namespace/name>', 'the Service that it is reached by')
    .option(
      '--service-account <namespace/name>',
      'the account that serve runs under: annotations that its loop writes need not ask the webhook',
    )
    .option('--ca-file <file>', 'certificate authority to trust, PEM; goes into caBundle')
    .option(
      '--custom-rules <file>',
      'file or folder of custom rules, so that what they match is registered; may be repeated',
      (path: string, previous: readonly string[]) => [...previous, path],
      [],
    )
    .addHelpText(
      'after',
      examples(
        'mcp-authz manifests --service mcp-authz-system/mcp-authz-webhook | kubectl apply -f -',
        'mcp-authz manifests --service mcp-authz-system/mcp-authz-webhook --custom-rules rules.yaml',
        'mcp-authz manifests --url https://127.0.0.1:9443 --ca-file ca.crt | kubectl apply -f -',
      ),
    )
    .action((flags: ManifestsFlags, command: Command) => {
      const target = parseTarget(flags, flags.caFile === undefined ? undefined : readCa(flags.caFile, command));
      if ('fault' in target) {
        command.error(`error: ${target.fault}`);
      }
      const account = parseAccount(flags.serviceAccount);
      if (account !== undefined && 'fault' in account) {
        command.error(`error: ${account.fault}`);
      }
      write(renderManifests({ target, account, customRules: customRulesOf(flags, command) }));
    });
}

function customRulesOf({ customRules }: ManifestsFlags, command: Command): readonly Rule[] {
  try {
    return loadCustomRules({ paths: customRules, reserved: BUILT_IN_IDS }, readRuleFiles);
  } catch (error) {
    return command.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  }
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
