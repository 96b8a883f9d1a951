/**
 * The webhook configurations, made from the match data of the rules: what is registered is what is answered.
 * Source of the fields: Kubernetes documentation, "Dynamic Admission Control".
 */
import { ANNOTATIONS, DECISION_TESTS_LABEL, FINALIZER, PREFIX } from '../api/names.ts';
import { CONFIG_MAPS } from '../api/objects.ts';
import { AUTHZ_CONFIG, GROUP, VERSIONS } from '../api/toolhive.ts';
import type { Match, Mutator, Operation, Rule } from '../rules/contract.ts';
import { CLEANUP_USERS } from '../rules/deletion-protection.ts';

export type WebhookTarget =
  | { readonly url: string; readonly caBundle?: string }
  | { readonly service: { readonly namespace: string; readonly name: string }; readonly caBundle?: string };

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

export interface Registration {
  readonly rules: readonly Rule[];
  readonly mutators: readonly Mutator[];
  readonly target: WebhookTarget;
  /** Of the companion loop. Where it is not known, the loop's own writes are asked about like anybody's. */
  readonly account?: ServiceAccount | undefined;
}

/** Where nothing of ours is ever asked: a cluster that cannot repair itself is worse than a policy unchecked there. */
export const EXCLUDED_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'];

const TIMEOUT_SECONDS = 10;
export const CONFIGURATION_NAME = 'mcp-authz-webhook';

interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** Finalizers, status and migrations never wait for us, not even while we are down. */
const SPEC_CHANGED: MatchCondition = {
  name: 'spec-changed',
  expression: 'request.operation != "UPDATE" || object.?spec != oldObject.?spec',
};
const SPEC_OR_ANNOTATIONS_CHANGED: MatchCondition = {
  name: 'spec-or-our-annotations-changed',
  expression:
    'request.operation != "UPDATE" || object.?spec != oldObject.?spec || ' +
    `[${Object.values(ANNOTATIONS)
      .map((name) => `"${name}"`)
      .join(', ')}].exists(name, object.metadata.?annotations[?name] != oldObject.metadata.?annotations[?name])`,
};
/**
 * The annotations that the loop writes are made by the mutator that would be asked. Whoever else writes them is asked
 * about, and so is the loop's account where it changes a spec, which the loop never does.
 */
function notByLoop({ namespace, name }: ServiceAccount): MatchCondition {
  return {
    name: 'not-annotations-of-the-loop',
    expression:
      'request.operation != "UPDATE" || object.?spec != oldObject.?spec || ' +
      `request.userInfo.username != "system:serviceaccount:${namespace}:${name}"`,
  };
}
const WITHOUT_FINALIZER: MatchCondition = {
  name: 'without-our-finalizer',
  expression: `!("${FINALIZER}" in object.metadata.?finalizers.orValue([]))`,
};
const NOT_BEING_DELETED: MatchCondition = {
  name: 'not-being-deleted',
  expression: '!has(object.metadata.deletionTimestamp)',
};
const NOT_DELETED_YET: MatchCondition = {
  name: 'not-being-deleted',
  expression: 'oldObject == null || !has(oldObject.metadata.deletionTimestamp)',
};
const NOT_CLEANUP: MatchCondition = {
  name: 'not-cleanup',
  expression: `!(request.userInfo.username in [${CLEANUP_USERS.map((user) => `"${user}"`).join(', ')}])`,
};

/** Both configurations as plain objects, the mutating one first: the API server asks it first. */
export function webhookConfigurations({ rules, mutators, target, account }: Registration): readonly object[] {
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: metadata(),
      webhooks: mutatingWebhooks(mutators, target, account),
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: metadata(),
      webhooks: validatingWebhooks(rules, target),
    },
  ];
}

function mutatingWebhooks(
  mutators: readonly Mutator[],
  target: WebhookTarget,
  account: ServiceAccount | undefined,
): readonly object[] {
  const configs = webhook('configs.mutate', '/mutate', mutators, ['CREATE', 'UPDATE'], target, isConfigResource);
  const ofPods = mutators.filter(({ match }) => match.group === '');
  return [
    {
      ...webhook('workloads.mutate', '/mutate', mutators, ['CREATE', 'UPDATE'], target, isWorkloadResource),
      matchConditions: [
        ...[NOT_BEING_DELETED, SPEC_OR_ANNOTATIONS_CHANGED],
        ...(account === undefined ? [] : [notByLoop(account)]),
      ],
      // Another webhook may change the reference after us.
      reinvocationPolicy: 'IfNeeded',
    },
    ...(configs.rules.length === 0 ? [] : [{ ...configs, matchConditions: [NOT_BEING_DELETED, WITHOUT_FINALIZER] }]),
    // While we are down no proxy starts, and every other pod does: the selector is all that keeps the two apart.
    ...ofPods.map((mutator) => ({
      ...webhook('pods.mutate', '/mutate', [mutator], ['CREATE', 'UPDATE'], target, () => true, ''),
      objectSelector: objectSelector(mutator.match),
      reinvocationPolicy: 'IfNeeded',
    })),
  ];
}

function validatingWebhooks(rules: readonly Rule[], target: WebhookTarget): readonly object[] {
  const write: readonly Operation[] = ['CREATE', 'UPDATE'];
  const groups = [
    {
      name: 'workloads.validate',
      operations: write,
      resources: isWorkloadResource,
      conditions: [NOT_BEING_DELETED, SPEC_CHANGED],
    },
    {
      name: 'configs.validate',
      operations: write,
      resources: isConfigResource,
      conditions: [NOT_BEING_DELETED, SPEC_CHANGED],
    },
    {
      name: 'workloads.delete',
      operations: ['DELETE'],
      resources: isWorkloadResource,
      conditions: [NOT_DELETED_YET, NOT_CLEANUP],
    },
    {
      name: 'configs.delete',
      operations: ['DELETE'],
      resources: isConfigResource,
      conditions: [NOT_DELETED_YET, NOT_CLEANUP],
    },
  ] as const;
  const ours = groups.flatMap(({ name, operations, resources, conditions }) => {
    const entry = webhook(name, '/validate', rules, operations, target, resources);
    return entry.rules.length === 0 ? [] : [{ ...entry, matchConditions: conditions }];
  });
  const tests = webhook('decision-tests.validate', '/validate', rules, write, target, isConfigMapResource, '');
  // Only those ConfigMaps: no other waits for us.
  const objectSelector = { matchExpressions: [{ key: DECISION_TESTS_LABEL, operator: 'Exists' }] };
  return tests.rules.length === 0
    ? ours
    : [...ours, { ...tests, objectSelector, matchConditions: [NOT_BEING_DELETED] }];
}

function webhook(
  name: string,
  path: string,
  matched: readonly { readonly match: Match }[],
  operations: readonly Operation[],
  target: WebhookTarget,
  wanted: (resource: string) => boolean,
  group: string = GROUP,
): { readonly rules: readonly object[] } & Readonly<Record<string, unknown>> {
  return {
    name: `${name}.${PREFIX}`,
    admissionReviewVersions: ['v1'],
    clientConfig: clientConfig(target, path),
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: TIMEOUT_SECONDS,
    namespaceSelector: {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: excludedNamespaces(target) }],
    },
    rules: webhookRules(
      matched.filter(({ match }) => (match.group ?? GROUP) === group),
      operations,
      wanted,
      group,
    ),
  };
}

/** One rule an operation set: resources that are matched for the same operations stand together, sorted. */
function webhookRules(
  matched: readonly { readonly match: Match }[],
  operations: readonly Operation[],
  wanted: (resource: string) => boolean,
  group: string,
): readonly object[] {
  const byOperations = new Map<string, string[]>();
  const resources = [...new Set(matched.flatMap(({ match }) => match.resources))].filter(wanted).sort();
  for (const resource of resources) {
    const asked = operations.filter((operation) =>
      matched.some(({ match }) => match.resources.includes(resource) && match.operations.includes(operation)),
    );
    if (asked.length > 0) {
      const key = asked.join(',');
      byOperations.set(key, [...(byOperations.get(key) ?? []), resource]);
    }
  }
  return [...byOperations].map(([key, names]) => ({
    apiGroups: [group],
    apiVersions: group === GROUP ? [...VERSIONS] : ['v1'],
    operations: key.split(','),
    resources: names,
    scope: 'Namespaced',
  }));
}

function objectSelector({ labels = {} }: Match): object {
  return {
    matchExpressions: Object.entries(labels).map(([key, values]) => ({ key, operator: 'In', values: [...values] })),
  };
}

function clientConfig(target: WebhookTarget, path: string): object {
  const ca = target.caBundle === undefined ? {} : { caBundle: target.caBundle };
  return 'url' in target
    ? { url: `${target.url.replace(/\/$/, '')}${path}`, ...ca }
    : { service: { ...target.service, path, port: 443 }, ...ca };
}

/** Our own namespace too, or a failed rollout could not be repaired. */
function excludedNamespaces(target: WebhookTarget): readonly string[] {
  return 'url' in target ? EXCLUDED_NAMESPACES : [...EXCLUDED_NAMESPACES, target.service.namespace];
}

function isConfigResource(resource: string): boolean {
  return resource === AUTHZ_CONFIG.resource;
}

function isWorkloadResource(resource: string): boolean {
  return !isConfigResource(resource) && !isConfigMapResource(resource);
}

function isConfigMapResource(resource: string): boolean {
  return resource === CONFIG_MAPS;
}

function metadata(): object {
  return { name: CONFIGURATION_NAME, labels: { 'app.kubernetes.io/name': CONFIGURATION_NAME } };
}
