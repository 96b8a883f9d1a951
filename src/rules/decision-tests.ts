/**
 * A change of a config keeps what its decision tests expect. They are in ConfigMaps of its namespace, labelled with its
 * name; each says whether a change that breaks a case is refused or warned about.
 */
import { ACKNOWLEDGE_WIDENING, WIDENING } from '../api/names.ts';
import { annotation } from '../api/objects.ts';
import { authorizerSpecOf } from '../api/toolhive.ts';
import type { CaseOutcome, TestRunResults } from '../decision-tests/outcome.ts';
import {
  LET_THROUGH,
  type DecisionTestsQuestion,
  type Finding,
  type WorldView,
  type WriteInput,
  type WriteRule,
} from './contract.ts';

/** Broken cases that are told one by one. */
const LISTED = 20;
/** Digits of the hash that must be acknowledged at least. */
const SHORTEST = 8;

export const decisionTests: WriteRule = {
  id: 'decision-tests',
  title: 'A change of an MCPAuthzConfig keeps what the decision tests in ConfigMaps of its namespace expect.',
  on: 'write',
  match: { resources: ['mcpauthzconfigs'], operations: ['CREATE', 'UPDATE'] },
  // Each case is decided before and after anyway, and there is time for it once.
  tellsOldFromNew: true,
  queries: (input) => [
    { ask: 'decisionTests', ...decisionTestsQuestion(input) },
    { ask: 'analysis', spec: authorizerSpecOf(input.object) },
  ],
  check: (input, world) => {
    const results = world.decisionTests(decisionTestsQuestion(input));
    if (results.state !== 'present') {
      return results.state === 'absent' ? [] : unknown(input, results.why);
    }
    return [...brokenCases(results.value), ...notRun(results.value), ...widening(input, world, results.value)];
  },
};

/** Also asked by used-by, which tells what turns: the same question is asked once. */
export function decisionTestsQuestion({ namespace, name, object, oldObject }: WriteInput): DecisionTestsQuestion {
  const question = { namespace, name, after: authorizerSpecOf(object) };
  return oldObject === undefined ? question : { ...question, before: authorizerSpecOf(oldObject) };
}

/** A warning, unless an acknowledgement is asked for: that must not be passed by because nobody could look. */
function unknown(input: WriteInput, why: string): readonly Finding[] {
  return [
    {
      level: asksForAcknowledgement(input) ? 'unknown' : 'warn',
      path: 'spec.config',
      reason: 'DecisionTestsUnknown',
      message: `The decision tests of this config could not be run: ${why}.`,
    },
  ];
}

function brokenCases({ outcomes }: TestRunResults): readonly Finding[] {
  // First what the change breaks, then what was broken before it.
  const broken = outcomes
    .filter(({ after, expected }) => after !== expected)
    .sort((a, b) => Number(wasBroken(a)) - Number(wasBroken(b)));
  const told = broken.slice(0, LISTED).map((outcome): Finding => {
    const { configMap, name, action, expected, after, why } = outcome;
    const message = `Decision test "${name}" of ConfigMap "${configMap}" expects ${expected}, and would get ${after}.`;
    return {
      level: levelOf(outcome),
      path: 'spec.config',
      reason: 'DecisionTestBroken',
      message: action === 'Deny' && wasBroken(outcome) ? `${message} ${LET_THROUGH}` : message,
      detail: why,
      subject: `${configMap}\n${name}`,
    };
  });
  const rest = broken.slice(LISTED);
  return rest.length === 0
    ? told
    : [
        ...told,
        {
          level: rest.some((outcome) => levelOf(outcome) === 'deny') ? 'deny' : 'warn',
          path: 'spec.config',
          reason: 'MoreDecisionTestsBroken',
          message: `${String(rest.length)} more decision tests would be broken; "mcp-authz test" shows them all.`,
          subject: 'more',
        },
      ];
}

function wasBroken({ before, expected }: CaseOutcome): boolean {
  return before !== undefined && before !== expected;
}

function levelOf(outcome: CaseOutcome): 'deny' | 'warn' {
  return outcome.action === 'Deny' && !wasBroken(outcome) ? 'deny' : 'warn';
}

/** Never a refusal: a slow moment must not keep anybody from a change. Never silence either. */
function notRun({ unreadable, leftOut, unread, undecidable }: TestRunResults): readonly Finding[] {
  const warn = (reason: string, message: string): Finding => ({ level: 'warn', path: 'spec.config', reason, message });
  return [
    ...unreadable.map(({ configMap, message }) =>
      warn('DecisionTestsUnreadable', `ConfigMap "${configMap}" has decision tests that cannot be read: ${message}.`),
    ),
    ...(leftOut === 0
      ? []
      : [
          warn(
            'DecisionTestsLeftOut',
            `${String(leftOut)} decision tests were not run, for want of time or room: whether this change breaks them ` +
              'is not known. "mcp-authz test" runs them all.',
          ),
        ]),
    ...(unread.length === 0
      ? []
      : [
          warn(
            'DecisionTestsUnread',
            `The decision tests of ${namesOf(unread)} were not read to the end, for want of time or room: whether this ` +
              'change breaks them is not known.',
          ),
        ]),
    ...(undecidable === undefined
      ? []
      : [warn('DecisionTestsUndecidable', `No decision test was run: ${undecidable}.`)]),
  ];
}

function namesOf(configMaps: readonly string[]): string {
  const names = configMaps.slice(0, LISTED).map((name) => `"${name}"`);
  const more = configMaps.length > LISTED ? ` and ${String(configMaps.length - LISTED)} more` : '';
  return `${configMaps.length === 1 ? 'ConfigMap' : 'ConfigMaps'} ${names.join(', ')}${more}`;
}

/** What the stored object asks for counts, too: an update cannot take its own duty away. */
function asksForAcknowledgement({ object, oldObject }: WriteInput): boolean {
  return [object, oldObject].some((each) => each !== undefined && annotation(each, WIDENING) === 'Acknowledge');
}

function widening(input: WriteInput, world: WorldView, { outcomes }: TestRunResults): readonly Finding[] {
  const opened = outcomes.filter(({ before, after }) => before === 'deny' && after === 'allow');
  if (opened.length === 0 || !asksForAcknowledgement(input)) {
    return [];
  }
  const analysis = world.analysis(authorizerSpecOf(input.object));
  const hash = analysis.state === 'present' ? analysis.value.rendering?.hash : undefined;
  const given = annotation(input.object, ACKNOWLEDGE_WIDENING) ?? '';
  if (hash !== undefined && given.length >= SHORTEST && hash.startsWith(given)) {
    return [];
  }
  const names = opened.slice(0, LISTED).map(({ name }) => `"${name}"`);
  const more = opened.length > LISTED ? ` and ${String(opened.length - LISTED)} more` : '';
  return [
    {
      level: hash === undefined ? 'unknown' : 'deny',
      path: 'metadata.annotations',
      reason: 'WideningNotAcknowledged',
      message:
        `This change allows what was denied (${names.join(', ')}${more}), which has to be acknowledged here: ` +
        `set ${ACKNOWLEDGE_WIDENING}: "${(hash ?? '').slice(0, SHORTEST)}".`,
    },
  ];
}
