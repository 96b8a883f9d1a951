/** Runs the cases of ConfigMaps under a config before and after a change, as far as there is room and time. */
import { describeDecision, policyTexts, type Decide, type Decider } from '../authorizers/index.ts';
import type { DecisionCase } from './model.ts';
import type { CaseOutcome, TestMap, TestMapFault, TestRunInput, TestRunResults } from './outcome.ts';
import { readTestMap } from './test-map.ts';

export interface Room {
  readonly cases: number;
  /** For running cases. */
  readonly milliseconds: number;
  /** For reading ConfigMaps, in milliseconds: the first time only, they are kept. */
  readonly reading: number;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/** Of one admission request; it asks at most twice (what was broken before an update is looked at, too). */
export const ADMISSION_ROOM = { cases: 1000, milliseconds: 50, reading: 500 } as const;

export interface TestTools {
  readonly decider: Decider;
  readonly read: typeof readTestMap;
}

/** Cases between two looks at the clock. */
const BATCH = 10;

interface WaitingCase {
  readonly map: TestMap;
  readonly action: 'Deny' | 'Warn';
  readonly test: DecisionCase;
}

export function runTestMaps(input: TestRunInput, { decider, read }: TestTools, room: Room): TestRunResults {
  const { waiting, unreadable, unread } = readMaps(input, read, room);
  const outcomes: CaseOutcome[] = [];
  const told = (): TestRunResults => ({ outcomes, unreadable, leftOut: unread + waiting.length - outcomes.length });
  if (waiting.length === 0) {
    return told();
  }
  // Compiles the policies, or finds them compiled: the clock is for the cases.
  const now = decider(input.after);
  const then = input.before === undefined ? undefined : decider(input.before);
  if ('undecidable' in now) {
    return { outcomes, unreadable, leftOut: 0, undecidable: now.undecidable };
  }
  const texts = policyTexts(input.after.config);
  const configs = { now, then: then === undefined || 'undecidable' in then ? undefined : then, texts };
  const start = room.clock();
  while (outcomes.length < Math.min(waiting.length, room.cases) && room.clock() - start <= room.milliseconds) {
    const end = Math.min(outcomes.length + BATCH, room.cases);
    outcomes.push(...waiting.slice(outcomes.length, end).map((each) => outcome(each, configs)));
  }
  return told();
}

function readMaps(
  { maps, config }: TestRunInput,
  read: TestTools['read'],
  { clock, reading }: Room,
): {
  readonly waiting: readonly WaitingCase[];
  readonly unreadable: TestRunResults['unreadable'];
  /** ConfigMaps for which there was no time. */
  readonly unread: number;
} {
  const start = clock();
  const waiting: WaitingCase[] = [];
  const unreadable: { configMap: string; message: string }[] = [];
  let unread = 0;
  for (const map of maps) {
    if (clock() - start > reading) {
      unread += 1;
      continue;
    }
    const { action, cases, faults } = read(map, config);
    const [fault] = faults;
    if (fault !== undefined) {
      unreadable.push({ configMap: map.name, message: `${fault.path}: ${fault.message}` });
    }
    waiting.push(...cases.map((test) => ({ map, action, test })));
  }
  return { waiting, unreadable, unread };
}

interface Configs {
  readonly now: Decide;
  readonly then: Decide | undefined;
  readonly texts: readonly string[];
}

/** Which policy decided is asked for broken cases only: it takes as long as the decision. */
function outcome({ map, action, test }: WaitingCase, { now, then, texts }: Configs): CaseOutcome {
  const { name, expected, request } = test;
  const after = verdict(now, request);
  const why = after === expected ? '' : describeDecision(now, request, texts).why;
  const told = { configMap: map.name, name, action, expected, after, why };
  return then === undefined ? told : { ...told, before: verdict(then, request) };
}

function verdict(decide: Decide, request: DecisionCase['request']): 'allow' | 'deny' {
  return decide(request).allow ? 'allow' : 'deny';
}

export function testMapFaults(map: TestMap, config: string): readonly TestMapFault[] {
  return readTestMap(map, config).faults;
}
