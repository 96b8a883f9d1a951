/** One line of JSON as a request; what the line lacks or has wrong is said. */
import { isJsonObject, type JsonObject } from '../../api/json.ts';
import type { DecisionRequest } from '../../authorizers/index.ts';
import { authorizerSpec, type GivenSpec } from '../authorizer-spec.ts';

export interface RequestLine {
  readonly spec: GivenSpec;
  readonly request: DecisionRequest;
}

/** The workload's name where a line gives none. */
const DEFAULT_SERVER = 'srv';

export function readRequestLine(text: string): RequestLine | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: `the line is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (!isJsonObject(value)) {
    return { fault: 'the line is not a JSON object' };
  }
  const line = value;
  const given = (key: string): unknown => fieldOf(line, key);
  const fault =
    (given('config') === undefined ? '"config" is missing' : undefined) ??
    ['Feature', 'Operation'].map((key) => stringFault(key, given(key), true)).find(isText) ??
    ['ID', 'server'].map((key) => stringFault(key, given(key), false)).find(isText) ??
    ['claims', 'args', 'annotations', 'upstream'].map((key) => objectFault(key, given(key))).find(isText);
  if (fault !== undefined) {
    return { fault };
  }
  return {
    spec: authorizerSpec(given('config')),
    request: {
      claims: objectOf(given('claims')) ?? {},
      feature: textOf(given('Feature'), ''),
      operation: textOf(given('Operation'), ''),
      id: textOf(given('ID'), ''),
      args: objectOf(given('args')),
      server: textOf(given('server'), DEFAULT_SERVER),
      annotations: objectOf(given('annotations')),
      upstream: objectOf(given('upstream')),
    },
  };
}

/** Its own spelling first, then that of people who write all keys small. */
function fieldOf(line: JsonObject, key: string): unknown {
  const name = Object.hasOwn(line, key) ? key : key.toLowerCase();
  return Object.hasOwn(line, name) ? line[name] : undefined;
}

function stringFault(key: string, value: unknown, required: boolean): string | undefined {
  if (value === undefined || value === null) {
    return required ? `"${key}" is missing` : undefined;
  }
  return typeof value === 'string' ? undefined : `"${key}" is not a string`;
}

function objectFault(key: string, value: unknown): string | undefined {
  return value === undefined || value === null || isJsonObject(value) ? undefined : `"${key}" is not an object`;
}

function isText(value: string | undefined): value is string {
  return value !== undefined;
}

function textOf(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

function objectOf(value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}
