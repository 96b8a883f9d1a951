/** The other side of isolated-analyzer.ts: one task in, one answer out, in a thread that may be lost. */
import { parentPort, workerData } from 'node:worker_threads';
import { analyze } from './analyze.ts';
import type { ThreadTests } from './analyzer-tests.ts';
import { createCedar } from './cedar.ts';
import type { AnalyzerTask, WorkerOptions } from './isolated-analyzer.ts';

const cedar = createCedar();
// What createIsolatedAnalyzer starts a thread with.
const { testRoom, warm } = workerData as WorkerOptions;
let tests: Promise<ThreadTests> | undefined;
if (warm) {
  await testsOfThread();
}

parentPort?.on('message', (task: AnalyzerTask) => {
  void respond(task);
});

/**
 * A trap of the Cedar module leaves it unusable for good, so it ends the thread, as a rejection that nobody handles; the
 * other side starts a new one.
 */
async function respond(task: AnalyzerTask): Promise<void> {
  parentPort?.postMessage(task.task === 'analyze' ? analyze(task.spec, cedar) : await tested(task));
}

async function tested(task: Exclude<AnalyzerTask, { readonly task: 'analyze' }>): Promise<unknown> {
  const { run, faults } = await testsOfThread();
  return task.task === 'run tests' ? run(task.input) : faults(task.map, task.config);
}

function testsOfThread(): Promise<ThreadTests> {
  tests ??= import('./analyzer-tests.ts').then(({ createThreadTests }) =>
    createThreadTests(cedar, { ...testRoom, clock: workedFor }, warm),
  );
  return tests;
}

/**
 * Milliseconds of processor time of this thread: how long it works, not how long others keep it from working. On a busy
 * machine the clock on the wall would leave decision tests out, just then when nobody looks.
 */
function workedFor(): number {
  // Not every Node that this runs on has it; the clock on the wall never shows less.
  const { threadCpuUsage } = process as { readonly threadCpuUsage?: () => { user: number; system: number } };
  if (threadCpuUsage === undefined) {
    return performance.now();
  }
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}
