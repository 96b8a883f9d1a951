/** Programs on cores of their own, with their output in a file: a pipe would cost whoever reads it. */
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Cores {
  /** False where there are not two of them or no taskset; then the system decides. */
  readonly pinned: boolean;
  readonly server: number;
  readonly load: number;
}

export const CORES: Cores = {
  pinned: availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0,
  server: 0,
  load: 1,
};

export interface ProgramProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly logFile: string;
  /** Resident memory now, bytes. */
  readonly residentBytes: () => number;
  /** The most that there was of it since the last {@link resetPeak}. */
  readonly peakBytes: () => number;
  readonly resetPeak: () => void;
  /** Processor time spent so far, seconds. */
  readonly cpuSeconds: () => number;
  readonly log: () => string;
  /** SIGTERM, SIGKILL to what does not go; waits for the end. */
  readonly stop: () => Promise<void>;
}

export interface ProgramOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly core: 'server' | 'load' | 'any';
  readonly logFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Opens a channel for messages. */
  readonly messages?: boolean;
}

/**
 * Nothing else of this machine, as in a container: certificates to trust besides (NODE_EXTRA_CA_CERTS) would be memory of
 * whoever is measured, NODE_OPTIONS its speed.
 */
const INHERITED = ['PATH', 'HOME'];

/** What is left when we go unexpectedly. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
});

const PATIENCE_MS = 15_000;
/** Of /proc/…/stat (sysconf _SC_CLK_TCK); the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export function startProgram(options: ProgramOptions): ProgramProcess {
  const { name, command, args, core, logFile, environment = {}, messages = false } = options;
  const log = openSync(logFile, 'w');
  const stdio: StdioOptions = ['ignore', log, log, ...(messages ? (['ipc'] as const) : [])];
  const pinning = core === 'any' || !CORES.pinned ? [] : ['taskset', '--cpu-list', String(CORES[core])];
  const [program = command, ...rest] = [...pinning, command, ...args];
  const child = spawn(program, rest, { stdio, env: { ...inherited(), ...environment } });
  closeSync(log);
  running.add(child);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => {
      resolve();
    });
    child.once('exit', () => {
      running.delete(child);
      resolve();
    });
  });
  const proc = (file: string): string => readFileSync(`/proc/${String(child.pid)}/${file}`, 'utf8');
  const statusBytes = (key: string): number =>
    1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(proc('status'))?.[1] ?? NaN);
  return {
    name,
    child,
    logFile,
    residentBytes: () => statusBytes('VmRSS'),
    peakBytes: () => statusBytes('VmHWM'),
    resetPeak: () => {
      resetPeakOf(child.pid ?? 0);
    },
    cpuSeconds: () => {
      // The command's own name may contain anything, so count from behind it.
      const fields = proc('stat').split(') ').pop()?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    log: () => readFileSync(logFile, 'utf8'),
    stop: async () => {
      child.kill('SIGTERM');
      const impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(impatient);
    },
  };
}

function inherited(): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(INHERITED.map((name) => [name, process.env[name]]));
}

/** proc(5), clear_refs: 5 sets the peak back to what there is now. */
function resetPeakOf(pid: number): void {
  const file = openSync(`/proc/${String(pid)}/clear_refs`, 'w');
  try {
    writeFileSync(file, '5');
  } finally {
    closeSync(file);
  }
}

/** Asks until there is something. @throws Error with the last lines of the program's log when the time is up. */
export async function waitFor<T>(
  what: string,
  { name, child, log }: ProgramProcess,
  look: () => Promise<T | undefined> | T | undefined,
  { withinMs = 60_000, everyMs = 20 } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) {
      return found;
    }
    const over = child.exitCode !== null || child.signalCode !== null;
    if (over || performance.now() > deadline) {
      const why = over ? `it ended with ${String(child.exitCode ?? child.signalCode)}` : 'the time is up';
      throw new Error(`${name}: ${what}: ${why}\n${log().trimEnd().split('\n').slice(-8).join('\n')}`);
    }
    await sleep(everyMs);
  }
}
