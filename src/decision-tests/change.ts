/** Runs the cases of ConfigMaps under a config before and after a change, as far as there is room and time. */
import type { Decider } from '../authorizers/index.ts';
import type { CaseResult, DecisionCase } from './model.ts';
import type { CaseOutcome, TestMap, TestMapFault, TestRunInput, TestRunResults } from './outcome.ts';
import { runDecisionTest } from './run.ts';
import { readTestMap } from './test-map.ts';

export interface Room {
  readonly cases: number;
  readonly milliseconds: number;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/** Of one admission request; it asks at most twice (what was broken before an update is looked at, too). */
export const ADMISSION_ROOM = { cases: 1000, milliseconds: 50 } as const;

/** Cases between two looks at the clock. */
const BATCH = 10;

export function runTestMaps(
  { maps, config, after, before }: TestRunInput,
  decider: Decider,
  { cases: most, milliseconds, clock }: Room,
): TestRunResults {
  const start = clock();
  const isOver = (): boolean => clock() - start > milliseconds;
  const outcomes: CaseOutcome[] = [];
  const unreadable: { configMap: string; message: string }[] = [];
  let leftOut = 0;
  for (const map of maps) {
    if (isOver()) {
      leftOut += 1;
      continue;
    }
    const { action, cases, faults } = readTestMap(map, config);
    const [fault] = faults;
    if (fault !== undefined) {
      unreadable.push({ configMap: map.name, message: `${fault.path}: ${fault.message}` });
    }
    for (let from = 0; from < cases.length; from += BATCH) {
      const batch = cases.slice(from, from + Math.min(BATCH, most - outcomes.length));
      if (batch.length === 0 || isOver()) {
        leftOut += cases.length - from;
        break;
      }
      const now = run(after, batch, decider);
      const then = before === undefined ? undefined : run(before, batch, decider);
      if (typeof now === 'string') {
        return { outcomes, unreadable, leftOut, undecidable: now };
      }
      outcomes.push(...now.map((result, index) => outcome(result, then, index, map, action)));
      leftOut += Math.min(BATCH, cases.length - from) - batch.length;
    }
  }
  return { outcomes, unreadable, leftOut };
}

function run(
  spec: TestRunInput['after'],
  cases: readonly DecisionCase[],
  decider: Decider,
): readonly CaseResult[] | string {
  const result = runDecisionTest({ name: '', spec }, cases, decider);
  return 'undecidable' in result ? result.undecidable : result.cases;
}

function outcome(
  { name, expected, actual, why }: CaseResult,
  then: readonly CaseResult[] | string | undefined,
  index: number,
  map: TestMap,
  action: 'Deny' | 'Warn',
): CaseOutcome {
  const before = typeof then === 'string' ? undefined : then?.[index]?.actual;
  const told = { configMap: map.name, name, action, expected, after: actual, why };
  return before === undefined ? told : { ...told, before };
}

export function testMapFaults(map: TestMap, config: string): readonly TestMapFault[] {
  return readTestMap(map, config).faults;
}
