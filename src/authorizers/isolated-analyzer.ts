/**
 * Analyses in threads of their own: policy text is written by others, and the Cedar module neither stops nor survives
 * everything (docs/adr/0006-cedar-in-a-worker.md). A thread that takes too long or dies is replaced.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  ADMISSION_ROOM,
  type TestMap,
  type TestMapFault,
  type TestRoom,
  type TestRunInput,
  type TestRunResults,
} from '../decision-tests/outcome.ts';
import type { Analysis, AuthorizerSpec } from './analysis.ts';
import { createAnalysisCache } from './analysis-cache.ts';
import { keepWasmCode } from './analyzer-wasm-code.ts';
import { createFairQueue } from './fair-queue.ts';

export interface IsolatedAnalyzer {
  /**
   * `flow` says for whom (a namespace): flows take turns, and none of them holds every thread.
   * @throws AnalysisError where there is no answer in time; other analyses are not affected.
   */
  readonly analyze: (spec: AuthorizerSpec, signal?: AbortSignal, flow?: string) => Promise<Analysis>;
  /** Decisions of test cases under a config before and after a change, within bounds. @throws AnalysisError as above. */
  readonly runTests: (input: TestRunInput, signal?: AbortSignal, flow?: string) => Promise<TestRunResults>;
  /** What is wrong with the decision tests of a ConfigMap. @throws AnalysisError as above. */
  readonly testFaults: (
    map: TestMap,
    config: string,
    signal?: AbortSignal,
    flow?: string,
  ) => Promise<readonly TestMapFault[]>;
  /** Whoever waits for an answer is told that there is none. */
  close(): Promise<void>;
}

/** What a thread is asked. */
export type AnalyzerTask =
  | { readonly task: 'analyze'; readonly spec: AuthorizerSpec }
  | { readonly task: 'run tests'; readonly input: TestRunInput }
  | { readonly task: 'test faults'; readonly map: TestMap; readonly config: string };

export class AnalysisError extends Error {
  readonly code: 'ANALYSIS_TIMEOUT' | 'ANALYSIS_FAILED';
  constructor(code: AnalysisError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What a thread is told when it starts. */
export interface WorkerOptions {
  /** For the decision tests of one question. */
  readonly testRoom: TestRoom;
  /** Runs some decision tests before the first question, which is slower without. */
  readonly warm: boolean;
}

export interface AnalyzerOptions extends WorkerOptions {
  /** Threads at most; each costs about 25 MB, and is started when it is needed. */
  readonly workers: number;
  /** Of one analysis, from its start. The largest config that is let in takes a fraction of it. */
  readonly timeoutMs: number;
  /** A thread that was asked nothing for so long is ended. The next question waits for the start of another. */
  readonly idleMs: number;
}

/** Between the questions of one apply there is less; the workloads of a new leader need no thread (docs/adr/0043-a-first-pass.md). */
const IDLE_MS = 2000;
/** What such a thread has read and compiled is worth keeping. */
const TESTS_IDLE_MS = 10_000;

/** Nobody waits for the end of a connection: every case is run that there is time for at all. */
const OFFLINE_ROOM: TestRoom = { cases: 1_000_000, milliseconds: 4000 };

export const DEFAULT_ANALYZER: AnalyzerOptions = {
  ...{ workers: 2, timeoutMs: 5000, idleMs: IDLE_MS },
  ...{ testRoom: OFFLINE_ROOM, warm: false },
};

/**
 * For the decision tests of admission requests: one thread of their own, so that what was read and compiled for a request
 * is there for the next, and tests hold up nothing else. The time is that of a start, too, on a busy machine.
 */
export const ADMISSION_TESTS: AnalyzerOptions = {
  ...{ workers: 1, timeoutMs: 5000, idleMs: TESTS_IDLE_MS },
  ...{ testRoom: ADMISSION_ROOM, warm: true },
};

interface Job {
  readonly flow: string;
  readonly task: AnalyzerTask;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal | undefined;
}

interface Resting {
  readonly worker: Worker;
  readonly timer: NodeJS.Timeout;
}

/** `.ts` while developing, `.js` when built: the same as this file. */
const WORKER = new URL(`./analyzer-worker${extname(import.meta.url)}`, import.meta.url);

const ENDED = 'the analysis was ended';

/** MB. Ten times what the largest config needs; a policy that wants more loses its thread, not the process. */
const HEAP_LIMIT = 256;
/** MB for young objects: little of an analysis outlives it. */
const YOUNG_LIMIT = 16;

export function createIsolatedAnalyzer(options: AnalyzerOptions = DEFAULT_ANALYZER): IsolatedAnalyzer {
  const cache = createAnalysisCache();
  /** In the order in which they came to rest; the last one is asked first, so that others are left in peace. */
  const idle: Resting[] = [];
  const waiting = createFairQueue<Job>();
  /** Threads that each flow holds now. */
  const held = new Map<string, number>();
  const all = new Set<Worker>();
  let closed = false;

  function spawn(): Worker {
    const worker = new Worker(WORKER, {
      workerData: { testRoom: options.testRoom, warm: options.warm } satisfies WorkerOptions,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT, maxYoungGenerationSizeMb: YOUNG_LIMIT },
    });
    keepWasmCode(worker.threadId);
    worker.unref();
    all.add(worker);
    return worker;
  }

  /** The last thread is for the others: a flow of slow analyses does not stop the rest. Where nobody says, all are one. */
  function mayGoOn(flow: string): boolean {
    return flow === '' || (held.get(flow) ?? 0) < Math.max(1, options.workers - 1);
  }

  function hold(flow: string, threads: 1 | -1): void {
    const now = (held.get(flow) ?? 0) + threads;
    if (now === 0) {
      held.delete(flow);
    } else {
      held.set(flow, now);
    }
  }

  function next(): void {
    while (closed || idle.length > 0 || all.size < options.workers) {
      const job = waiting.shift((flow) => closed || mayGoOn(flow));
      if (job === undefined) {
        return;
      }
      if (closed) {
        job.reject(new AnalysisError('ANALYSIS_FAILED', ENDED));
      } else if (job.signal?.aborted === true) {
        job.reject(new AnalysisError('ANALYSIS_TIMEOUT', 'the analysis did not start in time'));
      } else {
        run(wake() ?? spawn(), job);
      }
    }
  }

  function rest(worker: Worker): void {
    const timer = setTimeout(() => {
      idle.splice(idle.indexOf(resting), 1);
      all.delete(worker);
      void worker.terminate();
    }, options.idleMs).unref();
    const resting = { worker, timer };
    idle.push(resting);
  }

  function wake(): Worker | undefined {
    const resting = idle.pop();
    clearTimeout(resting?.timer);
    return resting?.worker;
  }

  function run(worker: Worker, job: Job): void {
    const discard = (error: Error): void => {
      finish();
      all.delete(worker);
      void worker.terminate();
      job.reject(error);
      next();
    };
    const onMessage = (answer: unknown): void => {
      finish();
      rest(worker);
      job.resolve(answer);
      next();
    };
    const onError = (cause: Error): void => {
      discard(new AnalysisError('ANALYSIS_FAILED', 'the Cedar module could not take the policies', { cause }));
    };
    const onExit = (): void => {
      discard(new AnalysisError('ANALYSIS_FAILED', ENDED));
    };
    const onTimeout = (): void => {
      discard(new AnalysisError('ANALYSIS_TIMEOUT', 'the analysis took too long'));
    };
    const timer = setTimeout(onTimeout, options.timeoutMs);
    hold(job.flow, 1);
    function finish(): void {
      clearTimeout(timer);
      hold(job.flow, -1);
      job.signal?.removeEventListener('abort', onTimeout);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      worker.unref();
    }
    job.signal?.addEventListener('abort', onTimeout);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.ref();
    worker.postMessage(job.task);
  }

  /** The thread answers each task with what it is declared to be answered with (analyzer-worker.ts). */
  function ask<T>(task: AnalyzerTask, signal: AbortSignal | undefined, flow = ''): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      waiting.push(flow, { flow, task, resolve: resolve as (answer: unknown) => void, reject, signal });
      next();
    });
  }

  return {
    runTests: (input, signal, flow) => ask({ task: 'run tests', input }, signal, flow),
    testFaults: (map, config, signal, flow) => ask({ task: 'test faults', map, config }, signal, flow),
    analyze: (spec, signal, flow) => {
      const known = cache.get(spec);
      if (known !== undefined) {
        return Promise.resolve(known);
      }
      return ask<Analysis>({ task: 'analyze', spec }, signal, flow).then((analysis) => {
        cache.set(spec, analysis);
        return analysis;
      });
    },
    close: async () => {
      closed = true;
      idle.forEach(({ timer }) => {
        clearTimeout(timer);
      });
      next();
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}
