/** An authorization config in the forms that people have it in. */
import { at, isJsonObject, property, stringAt } from '../api/json.ts';

export interface GivenSpec {
  readonly type: string;
  readonly config: unknown;
}

/**
 * - an MCPAuthzConfig, or its `spec`: `{type, config}`
 * - what the proxy reads: `{version, type, cedar}` or `{version, type, pdp}`
 * - `spec.config` alone, where `http` without `policies` tells the one type from the other
 */
export function authorizerSpec(value: unknown): GivenSpec {
  if (isJsonObject(property(value, 'spec'))) {
    return authorizerSpec(property(value, 'spec'));
  }
  const type = stringAt(value, 'type');
  if (type !== undefined && !has(value, 'policies')) {
    for (const key of ['config', 'cedar', 'pdp']) {
      if (isJsonObject(at(value, key))) {
        return { type, config: at(value, key) };
      }
    }
  }
  return { type: has(value, 'http') && !has(value, 'policies') ? 'httpv1' : 'cedarv1', config: value };
}

/** As Go matches keys: without regard to case. */
function has(value: unknown, key: string): boolean {
  return isJsonObject(value) && Object.keys(value).some((name) => name.toLowerCase() === key);
}
