/** The load program seen from outside. */
import { join } from 'node:path';
import { startProgram } from '../processes.ts';
import type { LoadResult, LoadTask } from './task.ts';

export interface LoadGenerator {
  /** @throws Error where there is no result, or where an answer was not the one that is measured. */
  run(task: LoadTask): Promise<LoadResult>;
  /** Processor time spent so far, seconds. */
  readonly cpuSeconds: () => number;
  readonly stop: () => Promise<void>;
}

/**
 * Of V8, so that nothing is charged to a server that was the load's (docs/adr/0046-the-load-does-not-measure-itself.md): no compiler
 * that takes 4 ms at a time of the load's core, no collection of old objects in between, and room for young objects until the
 * load has them collected itself.
 */
const FLAGS = ['--no-turbofan', '--no-memory-reducer', '--min-semi-space-size=16', '--expose-gc'];

type Message = { readonly result: LoadResult } | { readonly error: string };

export function startLoadGenerator(folder: string): LoadGenerator {
  const program = startProgram({
    name: 'load',
    command: process.execPath,
    args: [...FLAGS, join(import.meta.dirname, 'program.ts')],
    core: 'load',
    logFile: join(folder, 'load.log'),
    messages: true,
  });
  return {
    run: async (task) => {
      const { promise, resolve, reject } = Promise.withResolvers<Message>();
      const onExit = (): void => {
        reject(new Error(`the load program ended: ${program.log()}`));
      };
      program.child.once('message', resolve);
      program.child.once('exit', onExit);
      program.child.send(task);
      const message = await promise;
      program.child.off('exit', onExit);
      if ('error' in message) {
        throw new Error(message.error);
      }
      if (message.result.failed > 0) {
        throw new Error(`${String(message.result.failed)} wrong answers: ${message.result.failures.join('; ')}`);
      }
      return message.result;
    },
    cpuSeconds: program.cpuSeconds,
    stop: program.stop,
  };
}
