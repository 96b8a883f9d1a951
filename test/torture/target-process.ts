/** Starts target.ts and talks to it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Measurement, TargetQuestion } from './target.ts';

export interface Target {
  readonly port: number;
  readonly ca: string;
  /** Drops what is remembered, collects, measures. */
  measure(): Promise<Measurement>;
  /** How it ended, once it has without being told to. */
  death(): string | undefined;
  stop(): Promise<void>;
}

export async function startTarget(flags: readonly string[] = []): Promise<Target> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'target.ts'), flags, {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let death: string | undefined;
  let stopping = false;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      death = stopping ? undefined : `the server ended with ${String(code ?? signal)}`;
      resolve();
    });
  });
  const [hello] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => {
      throw new Error(death);
    }),
  ])) as [{ port: number; ca: string }];
  return {
    ...hello,
    measure: async () => {
      const answer = once(child, 'message', { signal: AbortSignal.timeout(60_000) });
      child.send('measure' satisfies TargetQuestion);
      return ((await answer) as [Measurement])[0];
    },
    death: () => death,
    stop: async () => {
      stopping = true;
      child.send('stop' satisfies TargetQuestion);
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
