/** One config in, everything that is known about it out. Pure. Throws only what the Cedar module throws when it traps. */
import type { Analysis, AuthorizerSpec, Problem } from './analysis.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Cedar } from './cedar.ts';
import { fullRuntimeJson, sha256, toolhiveConfigHash } from './config-hash.ts';
import { depthExceeds } from './depth.ts';
import { AUTHORIZERS, authorizer } from './registry.ts';

/** Levels of nesting in the config's JSON. The Kubernetes API has no use for more; a stack has its end. */
const MAX_DEPTH = 64;

/**
 * Bytes of the full runtime JSON. ToolHive's operator writes it twice into one ConfigMap, which holds 1 MiB, beside the
 * rest of the workload's runtime config.
 */
export const MAX_RUNTIME_JSON = 480 * 1024;

export function analyze({ type, config }: AuthorizerSpec, cedar: Cedar): Analysis {
  const backend = authorizer(type);
  if (backend === undefined) {
    return { type, problems: [unknownType(type)], advice: [] };
  }
  if (config === undefined) {
    return {
      type,
      problems: [{ path: 'spec.config', reason: 'ConfigMissing', message: 'config must not be empty' }],
      advice: [],
    };
  }
  if (depthExceeds(config, MAX_DEPTH)) {
    const message = `The config nests deeper than ${String(MAX_DEPTH)} levels, which is the limit of this check.`;
    return { type, problems: [{ path: 'spec.config', reason: 'ConfigTooDeep', message }], advice: [] };
  }
  const runtimeJson = fullRuntimeJson(type, backend.configKey, config);
  const rendering = {
    toolhiveHash: toolhiveConfigHash(type, canonicalJson(config)),
    runtimeJson,
    hash: sha256(runtimeJson),
  };
  const size = Buffer.byteLength(runtimeJson);
  if (size > MAX_RUNTIME_JSON) {
    return { type, problems: [tooLarge(size)], advice: [], rendering };
  }
  const problems = backend.validate(config, cedar);
  return { type, problems, advice: problems.length > 0 ? [] : backend.lint(config, cedar), rendering };
}

function unknownType(type: string): Problem {
  const registered = AUTHORIZERS.map((backend) => backend.type).join(' ');
  const near = AUTHORIZERS.find((backend) => backend.type === type.toLowerCase());
  const message =
    type === ''
      ? 'type must not be empty'
      : `type "${type}" is not a registered authorizer backend (registered: [${registered}])` +
        (near === undefined ? '' : `; did you mean "${near.type}"?`);
  return { path: 'spec.type', reason: 'UnknownType', message };
}

function tooLarge(size: number): Problem {
  return {
    path: 'spec.config',
    reason: 'ConfigTooLarge',
    message:
      `The runtime form of this config is ${String(size)} bytes; at most ${String(MAX_RUNTIME_JSON)} fit, because ToolHive ` +
      'writes it twice into one ConfigMap of at most 1 MiB. Split the config.',
  };
}
