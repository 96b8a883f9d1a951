/** The other side of isolated-analyzer.ts: one spec in, one analysis out, in a thread that may be lost. */
import { parentPort } from 'node:worker_threads';
import type { AuthorizerSpec } from './analysis.ts';
import { analyze } from './analyze.ts';
import { createCedar } from './cedar.ts';

const cedar = createCedar();

parentPort?.on('message', (spec: AuthorizerSpec) => {
  // A trap of the Cedar module leaves it unusable for good, so it ends the thread; the other side starts a new one.
  parentPort?.postMessage(analyze(spec, cedar));
});
