/**
 * RunConfig of MCPServer and MCPRemoteProxy (`runconfig.json`). The proxy enforces the `authorization` entry of
 * `middleware_configs`; where that list is empty it makes one from `authz_config`.
 * Source: ToolHive's pkg/runner, PopulateMiddlewareConfigs and injectUpstreamProviderIfNeeded.
 */
import { at, isJsonObject, jsonEqual, stringAt, withProperty, type JsonObject } from '../api/json.ts';
import { cedarContent } from './cedar-config.ts';
import { parseLossless } from './lossless-json.ts';
import type { ResolvedAuthorization, RuntimeConfig } from './authorization.ts';

const AUTHORIZATION = 'authorization';
const PARSER = 'mcp-parser';
/** The name that ToolHive gives to an upstream without one. */
const DEFAULT_UPSTREAM = 'default';

export function runConfigWith(operator: string, { runtimeJson }: ResolvedAuthorization): RuntimeConfig {
  const runConfig = read(operator, parseLossless);
  if (runConfig === undefined) {
    return { refusal: 'the operator\'s "runconfig.json" is no JSON object' };
  }
  const authorization = parseLossless(runtimeJson);
  const carried = withProperty(runConfig, 'authz_config', authorization);
  const middlewares = middlewaresOf(runConfig);
  if (middlewares.length === 0) {
    return { text: JSON.stringify(carried) };
  }
  const others = middlewares.filter((entry) => typeOf(entry) !== AUTHORIZATION);
  const parser = others.findIndex((entry) => typeOf(entry) === PARSER);
  if (parser < 0) {
    return {
      refusal:
        'the operator\'s "runconfig.json" has middlewares but no "mcp-parser", without which authorization sees no request',
    };
  }
  const entry = {
    type: AUTHORIZATION,
    parameters: { config_data: withUpstream(authorization, upstreamOf(runConfig)) },
  };
  return { text: JSON.stringify(withProperty(carried, 'middleware_configs', others.toSpliced(parser + 1, 0, entry))) };
}

export function carriesRunConfig(operator: string, { runtimeJson }: ResolvedAuthorization): boolean {
  const runConfig = read(operator, JSON.parse);
  const wanted: unknown = JSON.parse(runtimeJson);
  if (runConfig === undefined || !sameAuthorization(at(runConfig, 'authz_config'), wanted)) {
    return false;
  }
  const middlewares = middlewaresOf(runConfig);
  const entries = middlewares.filter((entry) => typeOf(entry) === AUTHORIZATION);
  const parser = middlewares.findIndex((entry) => typeOf(entry) === PARSER);
  const [entry] = entries;
  return (
    middlewares.length === 0 ||
    (entries.length === 1 &&
      entry !== undefined &&
      parser >= 0 &&
      parser < middlewares.indexOf(entry) &&
      sameAuthorization(at(entry, 'parameters', 'config_data'), withUpstream(wanted, upstreamOf(runConfig))))
  );
}

/** As the proxy reads it: of a Cedar config, what it does not know does not count. */
function sameAuthorization(found: unknown, wanted: unknown): boolean {
  if (!isJsonObject(found) || !isJsonObject(wanted) || found['type'] !== wanted['type']) {
    return false;
  }
  return wanted['type'] === 'cedarv1'
    ? jsonEqual(cedarContent(found['cedar']), cedarContent(wanted['cedar']))
    : jsonEqual(found, wanted);
}

/** With an embedded auth server, claims come from its first upstream, whatever the config says. */
function withUpstream(authorization: unknown, upstream: string | undefined): unknown {
  if (upstream === undefined || !isJsonObject(authorization) || authorization['type'] !== 'cedarv1') {
    return authorization;
  }
  const cedar = isJsonObject(authorization['cedar']) ? authorization['cedar'] : {};
  const others = Object.entries(cedar).filter(([key]) => key.toLowerCase() !== 'primary_upstream_provider');
  const content = Object.fromEntries([...others, ['primary_upstream_provider', upstream]]);
  return withProperty(authorization, 'cedar', content);
}

function upstreamOf(runConfig: JsonObject): string | undefined {
  const server = at(runConfig, 'embedded_auth_server_config');
  if (!isJsonObject(server)) {
    return undefined;
  }
  const upstreams = at(server, 'upstreams');
  const name = Array.isArray(upstreams) ? stringAt(upstreams[0], 'name') : undefined;
  return name === undefined || name === '' ? DEFAULT_UPSTREAM : name;
}

function middlewaresOf(runConfig: JsonObject): readonly unknown[] {
  const list = at(runConfig, 'middleware_configs');
  return Array.isArray(list) ? list : [];
}

function typeOf(entry: unknown): string | undefined {
  return stringAt(entry, 'type');
}

function read(text: string, parse: (text: string) => unknown): JsonObject | undefined {
  try {
    const value = parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
