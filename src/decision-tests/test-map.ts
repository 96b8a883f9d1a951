/** The cases in a ConfigMap: each key of `data` holds a DecisionTest, or its `server` and `cases` alone. */
import { parseDocument } from 'yaml';
import { isJsonObject, property, stringAt } from '../api/json.ts';
import { DECISION_TEST, type DecisionCase } from './model.ts';
import type { TestMap, TestMapFault } from './outcome.ts';
import { readDecisionTest } from './read.ts';

export interface ReadTestMap {
  readonly action: 'Deny' | 'Warn';
  readonly cases: readonly DecisionCase[];
  readonly faults: readonly TestMapFault[];
}

/** Characters of one key. YAML takes its time, and a thousand cases need far less. */
const MAX_TEXT = 256 * 1024;
const MAX_FAULTS = 20;

export function readTestMap({ data, action }: TestMap, config: string): ReadTestMap {
  const faults: TestMapFault[] = [];
  if (action !== undefined && action !== 'Deny' && action !== 'Warn') {
    faults.push({ path: 'metadata.annotations', message: `"${action}" is neither Deny nor Warn` });
  }
  const entries = isJsonObject(data) ? Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)) : [];
  if (entries.length === 0) {
    faults.push({ path: 'data', message: 'there are no decision tests in it' });
  }
  const cases = entries.flatMap(([key, text]) => {
    const read = readEntry(key, text, config);
    const path = `data[${JSON.stringify(key)}]`;
    faults.push(...read.faults.map((message) => ({ path, message })));
    return read.cases;
  });
  return { action: action === 'Warn' ? 'Warn' : 'Deny', cases, faults: faults.slice(0, MAX_FAULTS) };
}

interface Entry {
  readonly cases: readonly DecisionCase[];
  readonly faults: readonly string[];
}

function readEntry(key: string, text: unknown, config: string): Entry {
  if (typeof text !== 'string' || text.length > MAX_TEXT) {
    return fault(`it is no text of at most ${String(MAX_TEXT)} characters`);
  }
  const parsed = parse(text);
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

/** YAML 1.1, which is what kubectl reads manifests as. JSON is YAML, too, but read a hundred times faster as itself. */
function parse(text: string): { readonly value: unknown } | { readonly error: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return parseYaml(text);
  }
}

function parseYaml(text: string): { readonly value: unknown } | { readonly error: string } {
  try {
    const document = parseDocument(text, { version: '1.1', prettyErrors: true });
    const [error] = document.errors;
    return error === undefined ? { value: document.toJS({ maxAliasCount: 100 }) } : { error: firstLine(error.message) };
  } catch (error) {
    return { error: error instanceof Error ? firstLine(error.message) : String(error) };
  }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/:$/, '');
}

/** ConfigMaps whose cases are kept as read; the one used longest ago goes first. */
const KEPT = 64;

/** Reading YAML takes longer than running the cases, and ConfigMaps change seldom. */
export function createTestMapReader(): typeof readTestMap {
  const known = new Map<string, ReadTestMap>();
  return (map, config) => {
    const key = JSON.stringify([config, map.action, map.data]);
    const read = known.get(key) ?? readTestMap(map, config);
    known.delete(key);
    known.set(key, read);
    const [oldest] = known.keys();
    if (known.size > KEPT && oldest !== undefined) {
      known.delete(oldest);
    }
    return read;
  };
}
