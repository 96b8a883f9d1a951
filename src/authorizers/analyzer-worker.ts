/** The other side of isolated-analyzer.ts: one task in, one answer out, in a thread that may be lost. */
import { parentPort } from 'node:worker_threads';
import { ADMISSION_ROOM, runTestMaps, testMapFaults } from '../decision-tests/change.ts';
import { createTestMapReader } from '../decision-tests/test-map.ts';
import { analyze } from './analyze.ts';
import { createCedar } from './cedar.ts';
import { createDecider } from './decider.ts';
import type { AnalyzerTask } from './isolated-analyzer.ts';

const cedar = createCedar();
const tools = { decider: createDecider(cedar), read: createTestMapReader() };
const room = { ...ADMISSION_ROOM, clock: () => performance.now() };

parentPort?.on('message', (task: AnalyzerTask) => {
  // A trap of the Cedar module leaves it unusable for good, so it ends the thread; the other side starts a new one.
  parentPort?.postMessage(answer(task));
});

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
