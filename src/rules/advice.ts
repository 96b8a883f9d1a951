/**
 * What is allowed but rarely meant: authorization taken away from a running workload, and authorization in front of
 * callers that all look the same (TOOLHIVE gap U13; identity: Cedar request model).
 */
import { at, stringAt } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { authorizationOf } from '../api/toolhive.ts';
import type { Finding, WriteInput, WriteRule } from './contract.ts';
import { WORKLOAD_WRITE } from './workload-write.ts';

export const advice: WriteRule = {
  id: 'advice',
  title: 'Authorization is not removed by accident, and has an identity to decide on.',
  on: 'write',
  match: WORKLOAD_WRITE,
  queries: () => [],
  check: (input) => [...removed(input), ...withoutAuthentication(input)],
};

function isAuthorized(workload: KubernetesObject): boolean {
  const { inline, reference } = authorizationOf(workload);
  return inline !== undefined || reference !== undefined;
}

function removed(input: WriteInput): readonly Finding[] {
  if (input.operation === 'CREATE' || !isAuthorized(input.oldObject) || isAuthorized(input.object)) {
    return [];
  }
  return [
    {
      level: 'warn',
      path: authorizationOf(input.object).path,
      reason: 'AuthorizationRemoved',
      message:
        'Authorization was removed: from the next rollout on, every caller may call every tool of this workload.',
    },
  ];
}

function withoutAuthentication({ object }: WriteInput): readonly Finding[] {
  if (!isAuthorized(object) || isAuthenticated(object)) {
    return [];
  }
  const { path } = authorizationOf(object);
  const remedy =
    object.kind === 'VirtualMCPServer' ? 'Set incomingAuth.type to oidc' : 'Set oidcConfigRef or authServerRef';
  return [
    {
      level: 'warn',
      path,
      reason: 'AuthorizationWithoutAuthentication',
      message: `Authorization without authentication: every caller has the same identity, so all are allowed or denied alike. ${remedy}.`,
    },
  ];
}

/** An external auth config may be an embedded auth server, which cannot be seen from here: no false alarm. */
function isAuthenticated(workload: KubernetesObject): boolean {
  return workload.kind === 'VirtualMCPServer'
    ? stringAt(workload, 'spec', 'incomingAuth', 'type') !== 'anonymous'
    : ['oidcConfigRef', 'authServerRef', 'externalAuthConfigRef'].some(
        (field) => at(workload, 'spec', field) !== undefined,
      );
}
