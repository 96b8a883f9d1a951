/** The other side of isolated-analyzer.ts: one task in, one answer out, in a thread that may be lost. */
import { parentPort, workerData } from 'node:worker_threads';
import { runTestMaps, testMapFaults } from '../decision-tests/change.ts';
import { createTestMapReader } from '../decision-tests/test-map.ts';
import { warmUp } from '../decision-tests/warm-up.ts';
import { analyze } from './analyze.ts';
import { createCedar } from './cedar.ts';
import { createPreparedDecider } from './decider.ts';
import type { AnalyzerTask, WorkerOptions } from './isolated-analyzer.ts';

const cedar = createCedar();
const tools = { decider: createPreparedDecider(cedar), read: createTestMapReader() };
// What createIsolatedAnalyzer starts a thread with.
const { testRoom, warm } = workerData as WorkerOptions;
const room = { ...testRoom, clock: workedFor };
if (warm) {
  warmUp(tools);
}

parentPort?.on('message', (task: AnalyzerTask) => {
  // A trap of the Cedar module leaves it unusable for good, so it ends the thread; the other side starts a new one.
  parentPort?.postMessage(answer(task));
});

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

function answer(task: AnalyzerTask): unknown {
  switch (task.task) {
    case 'analyze':
      return analyze(task.spec, cedar);
    case 'run tests':
      return runTestMaps(task.input, tools, room);
    case 'test faults':
      return testMapFaults(task.map, task.config);
  }
}
