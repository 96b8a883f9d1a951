/** A DecisionTest as it is written, checked: every fault at once, each with its place. */
import { at, isJsonObject, property, stringAt, type JsonObject } from '../api/json.ts';
import type { DecisionRequest } from '../authorizers/index.ts';
import type { ConfigReference, DecisionCase, DecisionTest, Fault, Path } from './model.ts';

/** What a call of each feature does, where the case does not say. */
const OPERATIONS: Readonly<Record<string, string>> = { tool: 'call', prompt: 'get', resource: 'read' };

const DEFAULT_SERVER = 'srv';

export function readDecisionTest(value: unknown): {
  readonly test: DecisionTest;
  readonly faults: readonly Fault[];
} {
  const faults: Fault[] = [];
  const fault = (path: Path, message: string): void => void faults.push({ path, message });
  unknownKeys(at(value, 'spec'), ['config', 'server', 'cases'], ['spec'], fault);
  const cases = at(value, 'spec', 'cases');
  if (!Array.isArray(cases) || cases.length === 0) {
    fault(['spec', 'cases'], 'spec.cases must be a list of at least one case');
  }
  const server = at(value, 'spec', 'server');
  if (server !== undefined && typeof server !== 'string') {
    fault(['spec', 'server'], 'spec.server must be a string: the name of the workload');
  }
  const name = stringAt(value, 'metadata', 'name');
  if (name === undefined || name === '') {
    fault(['metadata'], 'metadata.name must be a string');
  }
  const workload = typeof server === 'string' ? server : DEFAULT_SERVER;
  return {
    test: {
      name: name ?? '',
      namespace: stringAt(value, 'metadata', 'namespace'),
      config: readReference(at(value, 'spec', 'config'), fault),
      cases: (Array.isArray(cases) ? cases : []).map((entry: unknown, index) =>
        readCase(entry, ['spec', 'cases', index], workload, fault),
      ),
    },
    faults,
  };
}

type Report = (path: Path, message: string) => void;

function readReference(value: unknown, fault: Report): ConfigReference {
  const path = ['spec', 'config'];
  unknownKeys(value, ['name', 'namespace', 'file'], path, fault);
  const [name, file] = [typeof value === 'string' ? value : stringAt(value, 'name'), stringAt(value, 'file')];
  if (file !== undefined && name === undefined) {
    return { file };
  }
  if (name === undefined || file !== undefined) {
    fault(path, 'spec.config must have either "name", of an MCPAuthzConfig in these files, or "file"');
  }
  return { name: name ?? '', namespace: stringAt(value, 'namespace') };
}

function readCase(entry: unknown, path: Path, server: string, fault: Report): DecisionCase {
  unknownKeys(entry, ['name', 'claims', 'upstream', 'annotations', 'call', 'expect'], path, fault);
  const name = stringAt(entry, 'name');
  if (name === undefined || name === '') {
    fault(path, 'a case needs a name');
  }
  const expected = at(entry, 'expect');
  if (expected !== 'allow' && expected !== 'deny') {
    fault([...path, 'expect'], '"expect" must be allow or deny');
  }
  return {
    name: name ?? '',
    path,
    expected: expected === 'allow' ? 'allow' : 'deny',
    request: readRequest(entry, path, server, fault),
  };
}

function readRequest(entry: unknown, path: Path, server: string, fault: Report): DecisionRequest {
  const call = at(entry, 'call');
  const here = [...path, 'call'];
  if (!isJsonObject(call)) {
    fault(here, 'a case needs a call: {feature, operation, id, args, server}');
  }
  unknownKeys(call, ['feature', 'operation', 'id', 'args', 'server'], here, fault);
  const text = (key: string, fallback: string | undefined): string => {
    const value = at(call, key) ?? fallback;
    if (typeof value !== 'string' && isJsonObject(call)) {
      fault([...here, key], `"${key}" must be a string`);
    }
    return typeof value === 'string' ? value : '';
  };
  const object = (holder: unknown, key: string, place: Path): JsonObject | undefined => {
    const value = at(holder, key);
    if (value !== undefined && !isJsonObject(value)) {
      fault([...place, key], `"${key}" must be a map`);
    }
    return isJsonObject(value) ? value : undefined;
  };
  const feature = text('feature', 'tool');
  return {
    claims: object(entry, 'claims', path),
    upstream: object(entry, 'upstream', path),
    annotations: object(entry, 'annotations', path),
    feature,
    operation: text('operation', property(OPERATIONS, feature) as string | undefined),
    id: text('id', at(call, 'operation') === 'list' ? '' : undefined),
    args: object(call, 'args', here),
    server: text('server', server),
  };
}

/** A misspelt key would make a test that tests something else. */
function unknownKeys(value: unknown, known: readonly string[], path: Path, fault: Report): void {
  for (const key of isJsonObject(value) ? Object.keys(value) : []) {
    if (!known.includes(key)) {
      fault(
        [...path, key],
        `"${key}" is no key of ${path.at(-1) === undefined ? 'it' : placeName(path)}; there are ${known.join(', ')}`,
      );
    }
  }
}

function placeName(path: Path): string {
  return typeof path.at(-1) === 'number' ? 'a case' : `"${String(path.at(-1))}"`;
}
