/**
 * What a thread needs for decision tests beyond analyses. Imported when it is asked for some: most threads never are, and
 * the reader of YAML alone is a megabyte in each.
 */
import { runTestMaps, testMapFaults, type Room, type TestTools } from '../decision-tests/change.ts';
import type { TestMap, TestMapFault, TestRunInput, TestRunResults } from '../decision-tests/outcome.ts';
import { createTestMapReader } from '../decision-tests/test-map.ts';
import { warmUp } from '../decision-tests/warm-up.ts';
import type { Cedar } from './cedar.ts';
import { createPreparedDecider } from './decider.ts';

export interface ThreadTests {
  readonly run: (input: TestRunInput) => TestRunResults;
  readonly faults: (map: TestMap, config: string) => readonly TestMapFault[];
}

/** `warm`: runs some first, so that the first question is answered as fast as the next. */
export function createThreadTests(cedar: Cedar, room: Room, warm: boolean): ThreadTests {
  const tools: TestTools = { decider: createPreparedDecider(cedar), read: createTestMapReader() };
  if (warm) {
    warmUp(tools);
  }
  return { run: (input) => runTestMaps(input, tools, room), faults: testMapFaults };
}
