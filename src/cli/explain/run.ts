/** The flags of `explain` read, the config found, the answer in the wanted form. */
import { isJsonObject, stringAt, type JsonObject } from '../../api/json.ts';
import { isAuthzConfig } from '../../api/toolhive.ts';
import { isKubernetesObject, type KubernetesObject } from '../../api/objects.ts';
import { suggest } from '../../api/suggest.ts';
import { authorizerSpec, type GivenSpec } from '../authorizer-spec.ts';
import { readFile, type FileError } from '../documents.ts';
import { readCallers } from './claims.ts';
import { explain, type Explanation, type Target } from './explain.ts';
import { formatHtml } from './format-html.ts';
import { formatText } from './format-text.ts';

export interface ExplainOptions {
  readonly as: readonly string[];
  readonly tools: readonly string[];
  readonly prompts: readonly string[];
  readonly resources: readonly string[];
  readonly server: string;
  readonly args?: string;
  readonly name?: string;
  readonly output: 'text' | 'json' | 'html';
}

const FORMATS: Readonly<Record<ExplainOptions['output'], (explanation: Explanation) => string>> = {
  text: formatText,
  json: (explanation) => `${JSON.stringify(explanation, undefined, 2)}\n`,
  html: formatHtml,
};

export type Explained = { readonly text: string } | { readonly faults: readonly string[] };

type FoundConfig = { readonly name: string; readonly spec: GivenSpec } | { readonly faults: readonly string[] };

export function runExplain(file: string, options: ExplainOptions): Explained {
  return explainConfig(file, findConfig(file, options.name), options);
}

/** `configs` are those of one namespace. */
export function runExplainInCluster(
  name: string,
  configs: readonly KubernetesObject[],
  options: ExplainOptions,
): Explained {
  const object = configs.find(({ metadata }) => metadata.name === name);
  const names = configs.map(({ metadata }) => metadata.name ?? '');
  const near = suggest(name, names);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return explainConfig(
    name,
    object === undefined
      ? { faults: [`there is no file and no MCPAuthzConfig "${name}" in this namespace${hint}`] }
      : { name, spec: authorizerSpec(object) },
    options,
  );
}

/** `from` is what messages call it. */
function explainConfig(from: string, config: FoundConfig, options: ExplainOptions): Explained {
  const { callers, faults } = readCallers(options.as);
  const args = readArgs(options.args);
  const wrong = [...('faults' in config ? config.faults : []), ...faults, ...('fault' in args ? [args.fault] : [])];
  if (wrong.length > 0 || 'faults' in config || 'fault' in args) {
    return { faults: wrong };
  }
  const asked = { callers, targets: targetsOf(options), server: options.server, args: args.value };
  const explanation = explain(config.name, config.spec, asked);
  return 'undecidable' in explanation
    ? { faults: [`${from}: ${explanation.undecidable}`] }
    : { text: FORMATS[options.output](explanation) };
}

function targetsOf({ tools, prompts, resources }: ExplainOptions): readonly Target[] {
  return [
    ...tools.map((id) => ({ feature: 'tool', id }) as const),
    ...prompts.map((id) => ({ feature: 'prompt', id }) as const),
    ...resources.map((id) => ({ feature: 'resource', id }) as const),
  ];
}

function findConfig(file: string, wanted: string | undefined): FoundConfig {
  const errors: FileError[] = [];
  const documents = readFile(file, true, errors);
  if (errors.length > 0) {
    return {
      faults: errors.map(({ line, message }) => `${file}${line === undefined ? '' : `:${String(line)}`}: ${message}`),
    };
  }
  const configs = documents.filter(({ value }) => isKubernetesObject(value) && isAuthzConfig(value));
  const found = (configs.length > 0 ? configs : documents).filter(
    ({ value }) => wanted === undefined || stringAt(value, 'metadata', 'name') === wanted,
  );
  const [only, ...others] = found;
  if (only === undefined) {
    return { faults: [`${file}: there is no ${wanted === undefined ? 'config' : `MCPAuthzConfig "${wanted}"`} in it`] };
  }
  return others.length > 0
    ? { faults: [`${file}: there are ${String(found.length)} configs in it: choose one with --name`] }
    : { name: stringAt(only.value, 'metadata', 'name') ?? file, spec: authorizerSpec(only.value) };
}

function readArgs(text: string | undefined): { readonly value: JsonObject | undefined } | { readonly fault: string } {
  if (text === undefined) {
    return { value: undefined };
  }
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? { value } : { fault: '--args is not a JSON object' };
  } catch (error) {
    return { fault: `--args is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
