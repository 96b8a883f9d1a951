/** The cases in a ConfigMap: each key of `data` holds a DecisionTest, or its `server` and `cases` alone. */
import { isJsonObject, property, stringAt } from '../api/json.ts';
import { readText } from '../yaml/read-text.ts';
import { DECISION_TEST, type DecisionCase } from './model.ts';
import type { TestMap, TestMapFault } from './outcome.ts';
import { readDecisionTest } from './read.ts';

export interface ReadTestMap {
  readonly action: 'Deny' | 'Warn';
  readonly cases: readonly DecisionCase[];
  readonly faults: readonly TestMapFault[];
  /** Not all keys were looked at. */
  readonly unfinished: boolean;
}

export type TestMapReader = (map: TestMap, config: string, hasTime: () => boolean) => ReadTestMap;

/** Characters of one key: what is read in one go. A thousand cases need half of it. */
const MAX_TEXT = 256 * 1024;
const MAX_FAULTS = 20;

export function readTestMap({ data, action }: TestMap, config: string): ReadTestMap {
  return readMap({ data, action }, (key, text) => readEntry(key, text, config), always);
}

export function actionOf({ action }: Pick<TestMap, 'action'>): 'Deny' | 'Warn' {
  return action === 'Warn' ? 'Warn' : 'Deny';
}

/** Characters that are kept, read; the text used longest ago goes first. */
const KEPT = 4 * 1024 * 1024;

/** Reading takes longer than running what was read, and ConfigMaps change seldom. */
export function createTestMapReader(): TestMapReader {
  const known = new Map<string, Entry>();
  let size = 0;
  return (map, config, hasTime) =>
    readMap(
      map,
      (key, text) => {
        if (typeof text !== 'string') {
          return readEntry(key, text, config);
        }
        const name = `${config}\n${key}\n${text}`;
        const found = known.get(name);
        const entry = found ?? readEntry(key, text, config);
        known.delete(name);
        known.set(name, entry);
        size += found === undefined ? name.length : 0;
        for (const oldest of known.keys()) {
          if (size <= KEPT) {
            break;
          }
          known.delete(oldest);
          size -= oldest.length;
        }
        return entry;
      },
      hasTime,
    );
}

interface Entry {
  readonly cases: readonly DecisionCase[];
  readonly faults: readonly string[];
}

function readMap(
  { data, action }: Omit<TestMap, 'name'>,
  read: (key: string, text: unknown) => Entry,
  hasTime: () => boolean,
): ReadTestMap {
  const faults: TestMapFault[] = [];
  if (action !== undefined && action !== 'Deny' && action !== 'Warn') {
    faults.push({ path: 'metadata.annotations', message: `"${action}" is neither Deny nor Warn` });
  }
  const entries = isJsonObject(data) ? Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)) : [];
  if (entries.length === 0) {
    faults.push({ path: 'data', message: 'there are no decision tests in it' });
  }
  const cases: DecisionCase[] = [];
  let unfinished = false;
  for (const [key, text] of entries) {
    if (!hasTime()) {
      unfinished = true;
      break;
    }
    const entry = read(key, text);
    cases.push(...entry.cases);
    faults.push(...entry.faults.map((message) => ({ path: `data[${JSON.stringify(key)}]`, message })));
  }
  return { action: actionOf({ action }), cases, faults: faults.slice(0, MAX_FAULTS), unfinished };
}

function always(): boolean {
  return true;
}

function readEntry(key: string, text: unknown, config: string): Entry {
  if (typeof text !== 'string' || text.length > MAX_TEXT) {
    return fault(`it is no text of at most ${String(MAX_TEXT)} characters`);
  }
  const parsed = readText(text);
  if ('error' in parsed) {
    return fault(parsed.error);
  }
  const { value } = parsed;
  if (!isJsonObject(value)) {
    return fault('expected a map with "cases"');
  }
  const isWhole = property(value, 'kind') === DECISION_TEST.kind;
  const other = isWhole ? stringAt(value, 'spec', 'config', 'name') : undefined;
  if (other !== undefined && other !== config) {
    return fault(`it is about MCPAuthzConfig "${other}", but the label of its ConfigMap names "${config}"`);
  }
  const spec = isWhole ? property(value, 'spec') : value;
  const { test, faults } = readDecisionTest({
    metadata: { name: key },
    spec: isJsonObject(spec) ? { ...spec, config: { name: config } } : spec,
  });
  const told = faults.map(({ path, message }) => `${place(path)}${message}`);
  return { cases: faults.length > 0 ? [] : test.cases, faults: told };
}

function fault(message: string): Entry {
  return { cases: [], faults: [message] };
}

/** `cases[2].call: `, without the `spec` that need not be written. */
function place(path: readonly (string | number)[]): string {
  const text = path
    .slice(1)
    .map((segment, index) =>
      typeof segment === 'number' ? `[${String(segment)}]` : `${index === 0 ? '' : '.'}${segment}`,
    )
    .join('');
  return text === '' ? '' : `${text}: `;
}
