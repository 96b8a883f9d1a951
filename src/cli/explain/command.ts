import { Command, Option } from 'commander';
import { examples } from '../examples.ts';
import type { ExplainOptions } from './run.ts';

export function explainCommand(write: (text: string) => void): Command {
  return new Command('explain')
    .description('show who may call what under a config, and why not')
    .argument('<config>', 'file with an MCPAuthzConfig, or with the content of its spec.config')
    .option(
      '--as <claims...>',
      'callers: claims as JSON, or files that hold them (default: whom the policies name)',
      [],
    )
    .option('--tools <names...>', 'tools to ask about (default: what the policies name)', [])
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
      ),
    )
    .action(async (file: string, flags: ExplainOptions, command: Command) => {
      // Imported here, so that other commands do not pay for the Cedar module.
      const { runExplain } = await import('./run.ts');
      const result = runExplain(file, flags);
      if ('faults' in result) {
        command.error(result.faults.map((fault) => `error: ${fault}`).join('\n'));
      }
      write(result.text);
    });
}
