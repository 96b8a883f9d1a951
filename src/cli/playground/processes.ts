/** Child processes that never outlive us, with their output in a file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Supervised {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Undefined while it runs, else how it ended. */
  ended(): string | undefined;
  /** SIGTERM, then SIGKILL to what does not go. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** The last lines of its log, for an error message. */
  tail(): string;
}

/** What is left when we go unexpectedly: `exit` handlers may not wait, so it is SIGKILL at once. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
});

const PATIENCE_MS = 10_000;

export function supervise(name: string, command: string, args: readonly string[], logFile: string): Supervised {
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  running.add(child);
  let ended: string | undefined;
  const gone = new Promise<void>((resolve) => {
    const note = (how: string): void => {
      ended ??= how;
      running.delete(child);
      resolve();
    };
    child.once('error', (error) => {
      note(error.message);
    });
    child.once('exit', (code, signal) => {
      note(`ended with ${signal ?? String(code)}`);
    });
  });
  return {
    name,
    pid: child.pid ?? 0,
    logFile,
    ended: () => ended,
    stop: async () => {
      child.kill('SIGTERM');
      const impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await gone;
      clearTimeout(impatient);
    },
    kill: (signal) => {
      child.kill(signal);
    },
    tail: () => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8).join('\n'),
  };
}
