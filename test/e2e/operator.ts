/**
 * ToolHive's operator, as far as it writes about authorization: its own field manager, its own words, its own way of
 * writing (a merge patch of the whole list of conditions for configs, a PUT of the whole status for servers and proxies),
 * from copies that are as old as its last look.
 */
import { toolhiveConfigHash } from '../../src/authorizers/config-hash.ts';
import { canonicalJson } from '../../src/authorizers/canonical-json.ts';
import { at, isJsonObject, jsonEqual, type JsonObject } from '../../src/api/json.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { authorizationOf, authorizerSpecOf } from '../../src/api/toolhive.ts';
import { conditionOf, hasCode, type Api } from './api.ts';
import { KINDS } from './objects.ts';

export const OPERATOR = 'thv-operator';
const FINALIZER = 'mcpauthzconfig.toolhive.stacklok.dev/finalizer';
const CONFIGS = 'mcpauthzconfigs';

export interface Operator {
  /** Status writes so far. */
  readonly writes: () => number;
  stop(): Promise<void>;
}

export function startOperator(api: Api, namespace: string): Operator {
  let stopped = false;
  let writes = 0;

  async function quietly(write: Promise<unknown>): Promise<void> {
    writes += 1;
    await write.catch((error: unknown) => {
      if (!hasCode(error, 'API_CONFLICT') && !hasCode(error, 'API_NOT_FOUND')) {
        throw error;
      }
    });
  }

  async function config(object: KubernetesObject): Promise<void> {
    const { name = '', finalizers = [], generation, resourceVersion, deletionTimestamp } = object.metadata;
    if (deletionTimestamp !== undefined) {
      const others = finalizers.filter((each) => each !== FINALIZER);
      if (others.length < finalizers.length) {
        await quietly(
          api.patch(namespace, CONFIGS, name, { metadata: { resourceVersion, finalizers: others } }, OPERATOR),
        );
      }
      return;
    }
    if (!finalizers.includes(FINALIZER)) {
      const all = [...finalizers, FINALIZER];
      await quietly(api.patch(namespace, CONFIGS, name, { metadata: { resourceVersion, finalizers: all } }, OPERATOR));
      return;
    }
    const { type, config: content } = authorizerSpecOf(object);
    const policies = at(content, 'policies');
    const fine = Array.isArray(policies) && policies.length > 0;
    const valid = set(
      object,
      'Valid',
      fine ? 'True' : 'False',
      fine ? 'ConfigValid' : 'ConfigInvalid',
      fine ? 'Spec validation passed' : 'at least one policy is required for Cedar authorization',
    );
    const status = fine
      ? {
          conditions: valid,
          configHash: toolhiveConfigHash(type, canonicalJson(content)),
          observedGeneration: generation,
        }
      : { conditions: valid };
    const changed = Object.entries(status).filter(([key, value]) => !jsonEqual(at(object, 'status', key), value));
    if (changed.length > 0) {
      const patch = { status: Object.fromEntries(changed) };
      await quietly(api.patch(namespace, CONFIGS, name, patch, OPERATOR, '/status'));
    }
  }

  async function workload(resource: string, object: KubernetesObject): Promise<void> {
    const { reference } = authorizationOf(object);
    const referenced = reference === undefined ? undefined : await api.get(namespace, CONFIGS, reference);
    const wanted = reference === undefined ? without(object) : judged(object, reference, referenced);
    const status = { ...(isJsonObject(object['status']) ? object['status'] : {}), ...wanted, phase: 'Ready' };
    if (!jsonEqual(status, object['status'])) {
      await quietly(api.putStatus(namespace, resource, { ...object, status }, OPERATOR));
    }
  }

  async function round(): Promise<void> {
    const configs = await api.list(namespace, CONFIGS);
    const workloads = await Promise.all(KINDS.map(({ resource }) => api.list(namespace, resource)));
    for (const object of configs) {
      await config(object);
    }
    for (const [i, { resource }] of KINDS.entries()) {
      for (const object of workloads[i] ?? []) {
        await workload(resource, object);
      }
    }
  }

  const running = (async () => {
    while (!stopped) {
      await round();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    writes: () => writes,
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

function judged(object: KubernetesObject, name: string, config: KubernetesObject | undefined): JsonObject {
  const qualified = `${object.metadata.namespace ?? ''}/${name}`;
  if (config === undefined) {
    const message = `MCPAuthzConfig ${name} not found: failed to get MCPAuthzConfig ${qualified}: mcpauthzconfigs.toolhive.stacklok.dev "${name}" not found`;
    return { conditions: set(object, 'AuthzConfigRefValidated', 'False', 'AuthzConfigRefNotFound', message) };
  }
  if (conditionOf(config, 'Valid')?.['status'] !== 'True') {
    const message = `MCPAuthzConfig ${name} is not valid: MCPAuthzConfig ${qualified} is not valid (condition "Valid" is not True)`;
    return { conditions: set(object, 'AuthzConfigRefValidated', 'False', 'AuthzConfigRefNotValid', message) };
  }
  const message = `MCPAuthzConfig ${name} is valid and ready`;
  return {
    conditions: set(object, 'AuthzConfigRefValidated', 'True', 'AuthzConfigRefValid', message),
    authzConfigHash: at(config, 'status', 'configHash'),
  };
}

function without(object: KubernetesObject): JsonObject {
  const others = conditions(object).filter(({ type }) => type !== 'AuthzConfigRefValidated');
  return others.length === conditions(object).length ? {} : { conditions: others };
}

function conditions(object: KubernetesObject): readonly JsonObject[] {
  const list = at(object, 'status', 'conditions');
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

/** meta.SetStatusCondition. */
function set(
  object: KubernetesObject,
  type: string,
  status: string,
  reason: string,
  message: string,
): readonly JsonObject[] {
  const current = conditionOf(object, type);
  const lastTransitionTime =
    current?.['status'] === status ? current['lastTransitionTime'] : `${new Date().toISOString().slice(0, 19)}Z`;
  const next = { type, status, reason, message, lastTransitionTime, observedGeneration: object.metadata.generation };
  return current === undefined
    ? [...conditions(object), next]
    : conditions(object).map((each) => (each['type'] === type ? next : each));
}
