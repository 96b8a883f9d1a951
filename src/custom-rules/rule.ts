/** A custom rule as the engine asks it. */
import type {
  Answer,
  DeleteRule,
  Finding,
  Level,
  Operation,
  Query,
  Rule,
  RuleInput,
  WorldView,
  WriteRule,
} from '../rules/contract.ts';
import { CLEANUP_USERS } from '../rules/deletion-protection.ts';
import { createEvaluation, type Evaluation, type Outcome } from './evaluation.ts';
import { compileExpressions, type CompiledValidation, type Expressions } from './expressions.ts';
import { configQueries, configSourceOf, namespaceFacts } from './facts.ts';
import { selects } from './label-selector.ts';
import { constraintsMatch, matchOf } from './match-constraints.ts';
import type { CustomRule } from './read-rule.ts';

const WRITE: readonly Operation[] = ['CREATE', 'UPDATE'];

const LEVELS = { Deny: 'deny', Warn: 'warn', Audit: 'audit' } as const satisfies Record<CustomRule['action'], Level>;

/** One rule for writes, one for deletions, or both under one id; none where an expression is wrong. */
export function createCustomRule(rule: CustomRule): readonly Rule[] {
  const expressions = compileExpressions(rule);
  if (expressions === undefined) {
    return [];
  }
  const title = `Custom rule "${rule.name}".`;
  const write: WriteRule = {
    id: rule.name,
    title,
    on: 'write',
    match: matchOf(rule.constraints, WRITE),
    queries: (input) => queries(rule, expressions, input),
    // kubectl shows a field before each problem of what is invalid, and only a change of the spec is ever judged.
    check: (input, world) => check(rule, expressions, input, world).map((finding) => ({ ...finding, path: 'spec' })),
  };
  const remove: DeleteRule = {
    id: rule.name,
    title,
    on: 'delete',
    match: matchOf(rule.constraints, ['DELETE']),
    queries: (input) => (isCleanup(input) ? [] : queries(rule, expressions, input)),
    // Whoever refuses these hangs a namespace for ever; see the rule deletion-protection.
    check: (input, world) =>
      isCleanup(input) || isTerminating(world.namespace(input.namespace)) ? [] : check(rule, expressions, input, world),
  };
  return [write, remove].filter(({ match }) => match.operations.length > 0);
}

function isCleanup({ user }: RuleInput): boolean {
  return user !== undefined && CLEANUP_USERS.includes(user.username);
}

function isTerminating(namespace: Answer<{ readonly terminating: boolean }>): boolean {
  return namespace.state === 'present' && namespace.value.terminating;
}

function queries({ constraints }: CustomRule, { mentions }: Expressions, input: RuleInput): readonly Query[] {
  if (!constraintsMatch(constraints, input)) {
    return input.operation === 'DELETE' ? [{ ask: 'namespace', name: input.namespace }] : [];
  }
  const asksNamespace =
    constraints.namespaceSelector.length > 0 || mentions.has('namespaceObject') || input.operation === 'DELETE';
  return [
    ...(asksNamespace ? [{ ask: 'namespace', name: input.namespace } as const] : []),
    ...(mentions.has('authzConfig') ? configQueries(configSourceOf(input)) : []),
  ];
}

function check(rule: CustomRule, expressions: Expressions, input: RuleInput, world: WorldView): readonly Finding[] {
  if (!constraintsMatch(rule.constraints, input)) {
    return [];
  }
  if (rule.constraints.namespaceSelector.length > 0) {
    const namespace = namespaceFacts(input.namespace, world);
    if (namespace.state === 'unknown') {
      return [unknown(rule, namespace.why)];
    }
    const labels = namespace.state === 'present' ? namespace.value.metadata.labels : {};
    if (!selects(rule.constraints.namespaceSelector, labels)) {
      return [];
    }
  }
  const evaluation = createEvaluation(expressions, input, world);
  const conditions = expressions.matchConditions.map(({ name, check: condition }) => ({
    name,
    outcome: evaluation.run(condition, 'bool'),
  }));
  // As in Kubernetes: one that is false settles it, whatever became of the others.
  if (conditions.some(({ outcome }) => outcome.state === 'value' && outcome.value === false)) {
    return [];
  }
  const unsettled = conditions.find(({ outcome }) => outcome.state !== 'value');
  if (unsettled !== undefined) {
    return [failure(rule, `match condition "${unsettled.name}"`, 'matchConditions', unsettled.outcome)];
  }
  return distinctUnknown(
    expressions.validations.flatMap((validation, index) => validate(rule, validation, index, evaluation)),
  );
}

function validate(
  rule: CustomRule,
  validation: CompiledValidation,
  index: number,
  evaluation: Evaluation,
): readonly Finding[] {
  const outcome = evaluation.run(validation.check, 'bool');
  if (outcome.state !== 'value') {
    return [failure(rule, `validations[${String(index)}]`, String(index), outcome)];
  }
  return outcome.value === true
    ? []
    : [
        {
          level: LEVELS[rule.action],
          path: '',
          reason: 'ValidationFailed',
          message: messageOf(validation, evaluation),
          refusal: validation.refusal,
          // The text may change with the object; that the same expression failed before is what counts.
          subject: `${rule.name}/${String(index)}`,
        },
      ];
}

/** Longer ones than the API server takes are not shown (k8s.io/apiserver, plugin/policy/validating). */
const MAX_MESSAGE = 5 * 1024;

function messageOf({ expression, message, messageCheck }: CompiledValidation, evaluation: Evaluation): string {
  const outcome = messageCheck === undefined ? undefined : evaluation.run(messageCheck, 'string');
  const made = outcome?.state === 'value' && typeof outcome.value === 'string' ? outcome.value.trim() : '';
  return made !== '' && made.length <= MAX_MESSAGE && !/[\r\n]/.test(made)
    ? made
    : (message ?? `failed expression: ${expression.value.trim()}`);
}

function failure(rule: CustomRule, what: string, subject: string, outcome: Outcome): Finding {
  if (outcome.state === 'unknown') {
    return unknown(rule, outcome.why);
  }
  return {
    level: rule.ignoresErrors ? 'audit' : LEVELS[rule.action],
    path: '',
    reason: 'RuleError',
    message: `Custom rule "${rule.name}" could not be evaluated: ${what}: ${outcome.state === 'error' ? outcome.message : ''}.`,
    ...(outcome.state === 'error' ? { detail: outcome.excerpt } : {}),
    subject: `${rule.name}/${subject}`,
  };
}

/** Without an answer nothing is refused, and nothing that would have to be refused is let through. */
function unknown(rule: CustomRule, why: string): Finding {
  return {
    level: rule.action === 'Deny' ? 'unknown' : LEVELS[rule.action],
    path: '',
    reason: 'RuleUnknown',
    message: `Custom rule "${rule.name}" could not be checked: ${why}.`,
  };
}

function distinctUnknown(findings: readonly Finding[]): readonly Finding[] {
  const first = findings.findIndex(({ reason }) => reason === 'RuleUnknown');
  return findings.filter(({ reason }, index) => reason !== 'RuleUnknown' || index === first);
}
