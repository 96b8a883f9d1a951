/**
 * What a workload's pods are to enforce, and how it gets to them. One answer for the webhook, which makes pods so, and
 * for the loop, which writes the ConfigMaps and says what is missing.
 */
import { stringAt } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { authorizationOf, workloadType, type ProxyType } from '../api/toolhive.ts';
import type { Answer, ResolvedConfig } from '../rules/contract.ts';
import type { ResolvedAuthorization } from './authorization.ts';
import { carriesAuthorization, runtimeConfigWith } from './runtime-config.ts';
import { upstreamOfWorkload } from './virtual-config.ts';

export type InjectionPlan =
  /** It refers to no config: nothing of ours belongs to it. */
  | { readonly state: 'none' }
  /** Nothing can be enforced: pods wait. `why` is one sentence. */
  | { readonly state: 'waiting'; readonly why: string }
  | {
      readonly state: 'resolved';
      readonly hash: string;
      readonly runtimeJson: string;
      /** The operator's own config enforces it already. */
      readonly carried: boolean;
      /** The copy to be mounted instead; undefined while the operator has not written its own. */
      readonly copy: string | undefined;
    };

export interface PlanFacts {
  readonly type: ProxyType;
  readonly workload: KubernetesObject;
  /** Of the reference. `unknown` is for the caller to handle. */
  readonly config: Exclude<Answer<ResolvedConfig>, { readonly state: 'unknown' }>;
  /** The operator's runtime config. */
  readonly operator: string | undefined;
}

export function planInjection({ type, workload, config, operator }: PlanFacts): InjectionPlan {
  const { reference } = authorizationOf(workload);
  if (reference === undefined) {
    return { state: 'none' };
  }
  if (config.state === 'absent') {
    return waiting(`MCPAuthzConfig "${reference}" does not exist`);
  }
  const { analysis } = config.value;
  if (analysis.rendering === undefined || analysis.problems.length > 0) {
    return waiting(`MCPAuthzConfig "${reference}" is not valid`);
  }
  const types = workloadType(workload.kind)?.authorizerTypes;
  if (types?.includes(analysis.type) === false) {
    return waiting(
      `MCPAuthzConfig "${reference}" is of type "${analysis.type}", and a ${workload.kind} can enforce only ${types.join(', ')}`,
    );
  }
  const { hash, runtimeJson } = analysis.rendering;
  const upstream = upstreamOfWorkload(workload);
  const resolved: ResolvedAuthorization = { runtimeJson, ...(upstream === undefined ? {} : { upstream }) };
  const copy = operator === undefined ? undefined : runtimeConfigWith(type, operator, resolved);
  if (copy !== undefined && 'refusal' in copy) {
    return waiting(`MCPAuthzConfig "${reference}" cannot be carried to the proxy: ${copy.refusal}`);
  }
  return {
    ...{ state: 'resolved', hash, runtimeJson, copy: copy?.text },
    carried: operator !== undefined && carriesAuthorization(type, operator, resolved),
  };
}

function waiting(why: string): InjectionPlan {
  return { state: 'waiting', why: `${why}.` };
}

/** A text of a ConfigMap; undefined where the map or the key is not there. */
export function dataOf(configMap: KubernetesObject | undefined, key: string): string | undefined {
  return stringAt(configMap, 'data', key);
}
