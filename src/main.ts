#!/usr/bin/env node
/** Command line entry and composition root: the one place that reads the process and decides how it ends. */
import { buffer } from 'node:stream/consumers';
import { isatty } from 'node:tty';
import { Command, CommanderError } from 'commander';
import { checkCommand } from './cli/check/command.ts';
import { cleanupCommand } from './cli/cleanup/command.ts';
import { doctorCommand } from './cli/doctor/command.ts';
import { decideCommand } from './cli/decide/command.ts';
import { explainCommand } from './cli/explain/command.ts';
import { manifestsCommand } from './cli/manifests/command.ts';
import { migrateCommand } from './cli/migrate/command.ts';
import { packageInfo } from './cli/package-info.ts';
import { startCommand } from './cli/playground/command.ts';
import { serveCommand } from './cli/serve/command.ts';
import { sleepCommand } from './cli/sleep/command.ts';
import { testCommand } from './cli/test/command.ts';
import { usedByCommand } from './cli/used-by/command.ts';
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
// Not `stdout.isTTY`: that is undefined, not false, where standard output is no terminal.
const isTerminal = isatty(1);
const serveProcess = { environment: process.env, untilSignal };

const program = new Command('mcp-authz')
  .description('Admission webhook server and offline checks for ToolHive authorization.')
  .addCommand(serveCommand(serveProcess))
  .version(packageInfo().version)
  .addCommand(checkCommand({ write, writeError, stdin, end, isTerminal, isErrorTerminal: isatty(2) }))
  .addCommand(manifestsCommand(write))
  .addCommand(doctorCommand({ write, end, isTerminal }))
  .addCommand(cleanupCommand({ write, end }))
  .addCommand(sleepCommand())
  .addCommand(decideCommand({ stdin: process.stdin, stdout: process.stdout, setExitCode: end }))
  .addCommand(testCommand({ write, setExitCode: end, untilSignal }))
  .addCommand(explainCommand(write))
  .addCommand(migrateCommand({ write, writeError, stdin, end }))
  .addCommand(usedByCommand({ write, writeError, stdin, end }))
  .addCommand(startCommand({ ...serveProcess, write, isTerminal }));

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
