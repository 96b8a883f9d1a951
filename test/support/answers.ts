/** World answers for tests of single rules: what is not given is `unknown`, as for any question nobody answered. */
import { createWorldAnswers, type WorldAnswers } from '../../src/engine/world-view.ts';
import { authorizerSpecOf } from '../../src/api/toolhive.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import type { Analysis } from '../../src/authorizers/analysis.ts';
import type { Answer, NamespaceFacts, Referrer, ResolvedConfig } from '../../src/rules/contract.ts';

export interface Given {
  readonly config?: Answer<ResolvedConfig>;
  readonly referrers?: Answer<readonly Referrer[]>;
  readonly namespace?: Answer<NamespaceFacts>;
  /** Of the user "alice" without groups. */
  readonly mayBypass?: Answer<boolean>;
  /** By the object whose spec was analyzed. */
  readonly analyses?: readonly (readonly [KubernetesObject, Answer<Analysis>])[];
}

/** Answers about MCPAuthzConfig "a" and namespace "ns", the names of test/support/objects.ts. */
export function answers({ config, referrers, namespace, mayBypass, analyses = [] }: Given): WorldAnswers {
  const recorded = createWorldAnswers();
  if (config !== undefined) {
    recorded.record({ ask: 'authzConfig', namespace: 'ns', name: 'a' }, config);
  }
  if (referrers !== undefined) {
    recorded.record({ ask: 'referrers', namespace: 'ns', name: 'a' }, referrers);
  }
  if (namespace !== undefined) {
    recorded.record({ ask: 'namespace', name: 'ns' }, namespace);
  }
  if (mayBypass !== undefined) {
    const user = { username: 'alice', groups: [] };
    recorded.record({ ask: 'mayBypass', namespace: 'ns', name: 'a', user }, mayBypass);
  }
  for (const [object, answer] of analyses) {
    recorded.record({ ask: 'analysis', spec: authorizerSpecOf(object) }, answer);
  }
  return recorded;
}

export function present<T>(value: T): Answer<T> {
  return { state: 'present', value };
}

export const ABSENT: Answer<never> = { state: 'absent' };
export const UNKNOWN: Answer<never> = { state: 'unknown', why: 'the API server did not answer' };
export const NAMESPACE: Answer<NamespaceFacts> = present({ terminating: false, labels: {} });
