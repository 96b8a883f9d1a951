import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { createLogger } from '../../runtime/logger.ts';
import { createMemorySaver } from '../../runtime/memory-saver.ts';
import { environmentName, readSettings } from '../../runtime/read-settings.ts';
import { SETTINGS, SettingsError, type Settings } from '../../runtime/settings.ts';
import { examples } from '../examples.ts';

/** What a command is given of the process, so that only main.ts knows it. */
export interface ServeProcess {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Resolves when the process is asked to end. */
  readonly untilSignal: () => Promise<string>;
}

export function serveCommand(process: ServeProcess): Command {
  return addSettings(new Command('serve'))
    .description('answer admission requests over HTTPS')
    .addHelpText(
      'after',
      `
Every option can also be given as an environment variable (${environmentName('tlsCertFile')}) or in the file that
--config names (tlsCertFile: …). A flag wins over the environment, the environment over the file.
${examples('mcp-authz serve --kubeconfig ~/.kube/config --tls-cert-file tls.crt --tls-private-key-file tls.key')}`,
    )
    .action((flags: Readonly<Record<string, unknown>>) => runServe(flags, process));
}

/** Serves until a signal comes; one that comes while we start ends us as well, and leaves nothing behind either. */
export async function runServe(flags: Readonly<Record<string, unknown>>, process: ServeProcess): Promise<void> {
  const asked = process.untilSignal();
  const settings = settingsOf(flags, process.environment);
  const logger = createLogger(settings.logLevel);
  // Before the server's modules are loaded: what they leave behind would stay for as long as it runs.
  const memorySaver = createMemorySaver();
  // Imported here, so that commands that need no cluster do not pay for its client.
  const { serve } = await import('./serve.ts');
  const running = await serve(settings, { logger, memorySaver, now: () => new Date() });
  memorySaver.started();
  const signal = await asked;
  logger.info('stopping', { signal });
  await running.stop();
}

export function addSettings(command: Command): Command {
  for (const { flag, help, fallback, repeatable, shown } of Object.values(SETTINGS)) {
    const value = shown ?? (fallback === undefined || Array.isArray(fallback) ? undefined : String(fallback));
    const option = new Option(flag, value === undefined ? help : `${help} (default: ${value})`);
    if (repeatable === true) {
      option.argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]);
    }
    command.addOption(option);
  }
  return command.option('--config <file>', 'YAML file with settings');
}

function settingsOf(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const name = flags['config'] ?? environment['MCP_AUTHZ_CONFIG'];
  if (typeof name !== 'string') {
    return readSettings({ flags, environment });
  }
  try {
    return readSettings({ flags, environment, file: { name, text: readFileSync(name, 'utf8') } });
  } catch (error) {
    if (error instanceof SettingsError) {
      throw error;
    }
    throw new SettingsError(
      `--config ${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
