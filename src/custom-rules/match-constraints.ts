/** `matchConstraints`, with the meaning that ValidatingAdmissionPolicy gives it. */
import { AUTHZ_CONFIG, GROUP, resourceOfKind, VERSIONS, WORKLOADS } from '../api/toolhive.ts';
import type { Match, Operation, RuleInput } from '../rules/contract.ts';
import { meant, type Fields, type Text } from './fields.ts';
import { readLabelSelector, selects, type LabelSelector } from './label-selector.ts';

const RESOURCES = [...WORKLOADS.map(({ resource }) => resource), AUTHZ_CONFIG.resource];
const OPERATIONS: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE'];

/** `*` is spelt out when it is read. */
interface ResourceRule {
  readonly versions: readonly string[];
  readonly operations: readonly Operation[];
  readonly resources: readonly string[];
  /** Empty means any. */
  readonly names: readonly string[];
}

export interface MatchConstraints {
  readonly rules: readonly ResourceRule[];
  readonly excluded: readonly ResourceRule[];
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  /** Whether a rule for one version is also for the others. */
  readonly exact: boolean;
}

/** Where the constraints could not be read. */
const NOTHING: MatchConstraints = {
  rules: [],
  excluded: [],
  namespaceSelector: [],
  objectSelector: [],
  exact: false,
};

export function readMatchConstraints(spec: Fields): MatchConstraints {
  const fields = spec.object('matchConstraints', [
    'resourceRules',
    'excludeResourceRules',
    'namespaceSelector',
    'objectSelector',
    'matchPolicy',
  ]);
  if (fields === undefined) {
    if (!spec.has('matchConstraints')) {
      spec.fault('matchConstraints', 'is required');
    }
    return NOTHING;
  }
  const given = fields.objects('resourceRules', RULE_FIELDS);
  if (fields.isEmpty('resourceRules')) {
    fields.fault('resourceRules', 'at least one is required');
  }
  return {
    rules: (given ?? []).map(resourceRule),
    excluded: (fields.objects('excludeResourceRules', RULE_FIELDS) ?? []).map(resourceRule),
    namespaceSelector: readLabelSelector(fields, 'namespaceSelector'),
    objectSelector: readLabelSelector(fields, 'objectSelector'),
    exact: fields.word('matchPolicy', ['Exact', 'Equivalent']) === 'Exact',
  };
}

const RULE_FIELDS = ['apiGroups', 'apiVersions', 'operations', 'resources', 'resourceNames'];

function resourceRule(rule: Fields): ResourceRule {
  choose(rule, 'apiGroups', [GROUP]);
  return {
    versions: choose(rule, 'apiVersions', VERSIONS),
    operations: choose(rule, 'operations', OPERATIONS),
    resources: choose(rule, 'resources', RESOURCES),
    names: rule.texts('resourceNames')?.map(({ value }) => value) ?? [],
  };
}

/** A required list of a few words or `*`: only what this server is registered for can ever match. */
function choose<const T extends string>(rule: Fields, field: string, allowed: readonly T[]): readonly T[] {
  if (rule.isEmpty(field)) {
    rule.fault(field, `at least one is required: ${[...allowed, '*'].join(', ')}`);
  }
  return (rule.texts(field) ?? []).flatMap((text: Text): readonly T[] => {
    if (text.value === '*') {
      return allowed;
    }
    const found = allowed.find((candidate) => candidate === text.value);
    if (found === undefined) {
      text.fault(
        0,
        `${rule.path}.${field}: custom rules are asked about ${[...allowed, '*'].join(', ')} only, not ` +
          `"${text.value}"${meant(text.value, allowed)}`,
      );
    }
    return found === undefined ? [] : [found];
  });
}

/** For which requests the engine has to ask; {@link constraintsMatch} then looks closely. */
export function matchOf({ rules }: MatchConstraints, among: readonly Operation[]): Match {
  const relevant = rules.filter(({ operations }) => operations.some((operation) => among.includes(operation)));
  return {
    resources: RESOURCES.filter((resource) => relevant.some(({ resources }) => resources.includes(resource))),
    operations: among.filter((operation) => relevant.some(({ operations }) => operations.includes(operation))),
  };
}

/** All but the namespace selector, which has to ask first. */
export function constraintsMatch(constraints: MatchConstraints, input: RuleInput): boolean {
  const matches = (rule: ResourceRule): boolean => resourceMatches(rule, constraints.exact, input);
  return (
    constraints.rules.some(matches) &&
    !constraints.excluded.some(matches) &&
    // As in Kubernetes: either of the two objects is enough.
    [input.object, input.oldObject].some(
      (object) => object !== undefined && selects(constraints.objectSelector, object.metadata.labels ?? {}),
    )
  );
}

function resourceMatches(rule: ResourceRule, exact: boolean, input: RuleInput): boolean {
  const { apiVersion, kind } = input.object ?? input.oldObject;
  return (
    rule.operations.includes(input.operation) &&
    rule.resources.includes(resourceOfKind(kind) ?? '') &&
    (!exact || rule.versions.includes(apiVersion.slice(apiVersion.indexOf('/') + 1))) &&
    (rule.names.length === 0 || rule.names.includes(input.name))
  );
}
