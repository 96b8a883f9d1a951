/** Runs the cases of ConfigMaps under a config before and after a change, as far as there is room and time. */
import { describeDecision, policyTexts, type Decide, type PreparedDecider } from '../authorizers/index.ts';
import type { AuthorizerSpec } from '../authorizers/analysis.ts';
import type { DecisionCase } from './model.ts';
import type { CaseOutcome, TestMap, TestMapFault, TestRoom, TestRunInput, TestRunResults } from './outcome.ts';
import { actionOf, readTestMap, type TestMapReader } from './test-map.ts';

export interface Room extends TestRoom {
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/** By when each kind of work has to be through, as a part of the time: what comes after it needs some, too. */
const READING = 0.5;
const COMPILING = 0.8;

export interface TestTools {
  readonly decider: PreparedDecider;
  readonly read: TestMapReader;
}

interface WaitingCase {
  readonly map: TestMap;
  readonly action: 'Deny' | 'Warn';
  readonly test: DecisionCase;
}

export function runTestMaps(input: TestRunInput, { decider, read }: TestTools, room: Room): TestRunResults {
  const start = room.clock();
  const hasTime = (part: number) => (): boolean => room.clock() - start <= room.milliseconds * part;
  const { waiting, unreadable, unread } = readMaps(input, read, room.cases, hasTime(READING));
  const specs = input.before === undefined ? [input.after] : [input.after, input.before];
  const outcomes: CaseOutcome[] = [];
  const told = (): TestRunResults => ({ outcomes, unreadable, unread, leftOut: waiting.length - outcomes.length });
  if (waiting.length === 0 || !specs.every((spec) => decider.compile(spec, hasTime(COMPILING)))) {
    return told();
  }
  const now = decider.decide(input.after);
  if ('undecidable' in now) {
    return { outcomes, unreadable, unread: [], leftOut: 0, undecidable: now.undecidable };
  }
  const configs = { now, then: deciding(input.before, decider), texts: policyTexts(input.after.config) };
  const inTime = hasTime(1);
  for (const each of waiting.slice(0, room.cases)) {
    if (!inTime()) {
      break;
    }
    outcomes.push(outcome(each, configs));
  }
  return told();
}

function deciding(spec: AuthorizerSpec | undefined, { decide }: PreparedDecider): Decide | undefined {
  const found = spec === undefined ? undefined : decide(spec);
  return found === undefined || 'undecidable' in found ? undefined : found;
}

/** Those that can refuse a change go first; where there are enough cases, no more are read. */
function readMaps(
  { maps, config, unlisted }: TestRunInput,
  read: TestMapReader,
  enough: number,
  hasTime: () => boolean,
): {
  readonly waiting: readonly WaitingCase[];
  readonly unreadable: TestRunResults['unreadable'];
  readonly unread: readonly string[];
} {
  const waiting: WaitingCase[] = [];
  const unreadable: { configMap: string; message: string }[] = [];
  const unread: string[] = [];
  for (const map of [...maps].sort((a, b) => rankOf(a) - rankOf(b))) {
    const { action, cases, faults, unfinished } = read(map, config, () => waiting.length < enough && hasTime());
    const [fault] = faults;
    if (fault !== undefined) {
      unreadable.push({ configMap: map.name, message: `${fault.path}: ${fault.message}` });
    }
    if (unfinished) {
      unread.push(map.name);
    }
    waiting.push(...cases.map((test) => ({ map, action, test })));
  }
  return { waiting, unreadable, unread: [...unread, ...(unlisted ?? [])].sort() };
}

function rankOf(map: TestMap): number {
  return actionOf(map) === 'Deny' ? 0 : 1;
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
