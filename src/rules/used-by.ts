/**
 * Who is affected when a config changes: a change of type that a VirtualMCPServer cannot carry is refused, any other
 * change that reaches the proxies names the workloads that it reaches.
 */
import { authorizerSpecOf, workloadType } from '../api/toolhive.ts';
import type { CaseOutcome } from '../decision-tests/outcome.ts';
import { decisionTestsQuestion } from './decision-tests.ts';
import type { Finding, Query, Referrer, UpdateInput, WorldView, WriteRule } from './contract.ts';

/** The warning is read by a person; the command line shows all. */
const LISTED = 20;
/** Names of cases are sentences; a warning has its length. */
const TESTS_LISTED = 5;

export const usedBy: WriteRule = {
  id: 'used-by',
  title: 'A change of an MCPAuthzConfig can be carried by every workload that refers to it.',
  on: 'write',
  match: { resources: ['mcpauthzconfigs'], operations: ['UPDATE'] },
  queries: (input): readonly Query[] =>
    input.operation === 'UPDATE'
      ? [
          { ask: 'referrers', namespace: input.namespace, name: input.name },
          { ask: 'analysis', spec: authorizerSpecOf(input.object) },
          { ask: 'analysis', spec: authorizerSpecOf(input.oldObject) },
          { ask: 'decisionTests', ...decisionTestsQuestion(input) },
        ]
      : [],
  check: (input, world) => (input.operation === 'UPDATE' ? affected(input, world) : []),
};

function affected(input: UpdateInput, world: WorldView): readonly Finding[] {
  const referrers = world.referrers(input.namespace, input.name);
  const typeChanged = authorizerSpecOf(input.object).type !== authorizerSpecOf(input.oldObject).type;
  if (referrers.state === 'unknown') {
    return [
      {
        level: typeChanged ? 'unknown' : 'warn',
        path: typeChanged ? 'spec.type' : 'spec',
        reason: 'ReferrersUnknown',
        message: `Which workloads this change reaches could not be found out: ${referrers.why}.`,
      },
    ];
  }
  const users = referrers.state === 'present' ? referrers.value : [];
  if (users.length === 0) {
    return [];
  }
  const broken = typeChanged ? breaks(input, users) : [];
  return [
    ...broken,
    ...(broken.length === 0 && reachesProxies(input, world) ? [reached(users, turned(input, world))] : []),
  ];
}

function breaks({ object, oldObject, name }: UpdateInput, users: readonly Referrer[]): readonly Finding[] {
  const type = authorizerSpecOf(object).type;
  const holders = users.filter(({ kind }) => {
    const types = workloadType(kind)?.authorizerTypes;
    return types !== undefined && !types.includes(type) && types.includes(authorizerSpecOf(oldObject).type);
  });
  if (holders.length === 0) {
    return [];
  }
  return [
    {
      level: 'deny',
      path: 'spec.type',
      reason: 'TypeChangeBreaksWorkloads',
      refusal: 'Conflict',
      message:
        `The type of MCPAuthzConfig "${name}" cannot become "${type}" while ${listed(holders)} ` +
        `${holders.length === 1 ? 'refers' : 'refer'} to it: only cedarv1 is supported there. Create a new config instead.`,
      causes: holders.slice(0, LISTED).map((holder) => ({
        reason: 'TypeChangeBreaksWorkloads',
        message: `${holder.kind} "${holder.name}" supports only cedarv1`,
        field: 'spec.type',
      })),
    },
  ];
}

/** Key order and white space change nothing for a proxy; without both renderings the change counts. */
function reachesProxies({ object, oldObject }: UpdateInput, world: WorldView): boolean {
  const now = world.analysis(authorizerSpecOf(object));
  const then = world.analysis(authorizerSpecOf(oldObject));
  const hashes = [now, then].map((answer) => (answer.state === 'present' ? answer.value.rendering?.hash : undefined));
  return hashes[0] === undefined || hashes[0] !== hashes[1];
}

function reached(users: readonly Referrer[], turns: string): Finding {
  return {
    level: 'warn',
    path: 'spec',
    reason: 'ReachesWorkloads',
    message: `This change reaches ${String(users.length)} ${users.length === 1 ? 'workload' : 'workloads'}: ${listed(users)}.${turns}`,
  };
}

/** What of the decision tests comes out another way, whatever they expect. */
function turned(input: UpdateInput, world: WorldView): string {
  const results = world.decisionTests(decisionTestsQuestion(input));
  const outcomes = results.state === 'present' ? results.value.outcomes : [];
  const told = (['deny', 'allow'] as const).flatMap((after) => {
    const before = after === 'allow' ? 'deny' : 'allow';
    const turning = outcomes.filter((outcome) => outcome.after === after && outcome.before === before);
    return turning.length === 0 ? [] : [`from ${before} to ${after}: ${named(turning)}`];
  });
  return told.length === 0 ? '' : ` Of its decision tests turn ${told.join('; ')}.`;
}

function named(outcomes: readonly CaseOutcome[]): string {
  const names = outcomes.slice(0, TESTS_LISTED).map(({ name }) => `"${name}"`);
  return outcomes.length > TESTS_LISTED
    ? `${names.join(', ')} and ${String(outcomes.length - TESTS_LISTED)} more`
    : names.join(', ');
}

function listed(users: readonly Referrer[]): string {
  const names = users.slice(0, LISTED).map(({ kind, name }) => `${kind} "${name}"`);
  return users.length > LISTED ? `${names.join(', ')} and ${String(users.length - LISTED)} more` : names.join(', ');
}
