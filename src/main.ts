#!/usr/bin/env node
/** Command line entry and composition root: the one place that reads the process and decides how it ends. */
import { buffer } from 'node:stream/consumers';
import { isatty } from 'node:tty';
import { Command, CommanderError } from 'commander';
import { packageInfo } from './cli/package-info.ts';
import { leaveOutUnusedModules } from './kube/unused-modules.ts';
import { importHttpWithoutFetch } from './runtime/without-fetch.ts';

// Before any command imports the client of the API server.
leaveOutUnusedModules();
importHttpWithoutFetch();

/** Wrong usage, or input that cannot be read. 1 is for "the answer is no". */
const EXIT_USAGE = 2;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) {
      process.once(signal, () => {
        resolve(signal);
      });
    }
  });
}

const write = (text: string): void => void process.stdout.write(text);
const writeError = (text: string): void => void process.stderr.write(text);
const stdin = (): Promise<Buffer> => buffer(process.stdin);
const end = (code: number): void => {
  // Not process.exit: what was written into a pipe would be lost.
  process.exitCode = code;
};
// Whoever reads may have enough before the end (`| head`): nothing is wrong, and there is nobody to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    throw error;
  }
});
// Not `stdout.isTTY`: that is undefined, not false, where standard output is no terminal.
const isTerminal = isatty(1);
const serveProcess = { environment: process.env, untilSignal };

/** By name, in the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./cli/serve/command.ts')).serveCommand(serveProcess),
  check: async () => {
    const { checkCommand } = await import('./cli/check/command.ts');
    return checkCommand({ write, writeError, stdin, end, isTerminal, isErrorTerminal: isatty(2) });
  },
  manifests: async () => (await import('./cli/manifests/command.ts')).manifestsCommand(write),
  doctor: async () => (await import('./cli/doctor/command.ts')).doctorCommand({ write, end, isTerminal }),
  cleanup: async () => (await import('./cli/cleanup/command.ts')).cleanupCommand({ write, end }),
  sleep: async () => (await import('./cli/sleep/command.ts')).sleepCommand(),
  decide: async () => {
    const { decideCommand } = await import('./cli/decide/command.ts');
    return decideCommand({ stdin: process.stdin, stdout: process.stdout, setExitCode: end });
  },
  test: async () => (await import('./cli/test/command.ts')).testCommand({ write, setExitCode: end, untilSignal }),
  explain: async () => (await import('./cli/explain/command.ts')).explainCommand(write),
  migrate: async () => (await import('./cli/migrate/command.ts')).migrateCommand({ write, writeError, stdin, end }),
  'used-by': async () => (await import('./cli/used-by/command.ts')).usedByCommand({ write, writeError, stdin, end }),
  start: async () => (await import('./cli/playground/command.ts')).startCommand({ ...serveProcess, write, isTerminal }),
};

const program = new Command('mcp-authz')
  .description('Admission webhook server and offline checks for ToolHive authorization.')
  .version(packageInfo().version);

for (const load of commandsFor(process.argv[2] ?? '')) {
  program.addCommand(await load());
}

/** The one that is asked for: a server for weeks need not hold the others. All of them where it is none, for the help. */
function commandsFor(name: string): readonly (() => Promise<Command>)[] {
  const asked = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return asked === undefined ? Object.values(COMMANDS) : [asked];
}

for (const command of [program, ...program.commands]) {
  command.exitOverride().showHelpAfterError('(--help shows the options and examples)');
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Commander has told its own errors already; anything else is told here, in one place. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`error: ${message}\n`);
  return EXIT_USAGE;
}
