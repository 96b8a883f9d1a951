import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { clusterOptions, type ClusterFlags } from '../cluster-options.ts';
import { examples } from '../examples.ts';
import type { ExplainOptions } from './run.ts';

/** Of an object, and no path with an ending that files have. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** The names of tools hold no comma (MCP specification, Tools, "Tool Names"); those of prompts and resources may. */
function names(value: string, before: readonly string[]): readonly string[] {
  return [...before, ...value.split(',').filter((name) => name !== '')];
}

export function explainCommand(write: (text: string) => void): Command {
  return clusterOptions(new Command('explain'))
    .description('show who may call what under a config, and why not')
    .argument(
      '<config>',
      'file with an MCPAuthzConfig, or with the content of its spec.config; else its name in the cluster',
    )
    .option(
      '--as <claims...>',
      'callers: claims as JSON, or files that hold them (default: whom the policies name)',
      [],
    )
    .option('--tools <names...>', 'tools to ask about, also a,b (default: what the policies name)', names, [])
    .option('--prompts <names...>', 'prompts to ask about', [])
    .option('--resources <uris...>', 'resources to ask about', [])
    .option('--server <name>', "the workload's name", 'srv')
    .option('--args <json>', 'arguments of every call, as JSON')
    .option('--name <name>', 'which MCPAuthzConfig, where the file has several')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json', 'html']).default('text'))
    .addHelpText(
      'after',
      examples(
        'mcp-authz explain config.yaml',
        `mcp-authz explain config.yaml --as '{"sub":"alice","groups":["eng"]}' --tools weather delete_repo`,
        'mcp-authz explain config.yaml -o html > who-may-call-what.html',
        'kubectl mcp-authz explain shared -n mcp',
      ),
    )
    .action(async (config: string, flags: ExplainOptions & ClusterFlags, command: Command) => {
      // Imported here, so that other commands do not pay for the Cedar module, and files not for the client.
      const { runExplain, runExplainInCluster } = await import('./run.ts');
      const isNamed = flags.namespace !== undefined || flags.context !== undefined || flags.kubeconfig !== undefined;
      const result =
        isNamed || (!existsSync(config) && NAME.test(config))
          ? runExplainInCluster(config, await (await import('../cluster-configs.ts')).clusterConfigs(flags), flags)
          : runExplain(config, flags);
      if ('faults' in result) {
        command.error(result.faults.map((fault) => `error: ${fault}`).join('\n'));
      }
      write(result.text);
    });
}
