/**
 * What Cedar policies will do at run time that their author does not expect. ToolHive accepts all of it; each finding says
 * what will happen. Source: ToolHive's Cedar request model, above all "any evaluation error denies the whole request".
 */
import type { Problem } from './analysis.ts';
import { asksFor, unguardedPath } from './attribute-path.ts';
import { mentionedAttributes } from './attribute-types.ts';
import type { Cedar, CedarVerdict } from './cedar.ts';
import { ACTIONS, cedarSchema, DEFAULT_GROUP_TYPE, REQUEST_TYPES } from './cedar-schema.ts';
import { CEDAR_OPTIONS, stringOf, stringsOf } from './cedar-options.ts';
import { readEntities, type StaticEntity } from './entities.ts';
import type { GoDecoded } from './go-json.ts';
import { explain } from './lint-messages.ts';
import { misspeltKeys } from './misspelt-keys.ts';
import { parseable, preparePolicy } from './policy.ts';
import { policyTree, type PolicyTree } from './policy-tree.ts';
import { suggest } from '../api/suggest.ts';
import { frameAt, offsetOfByte, positionAt } from './text-frame.ts';

interface LintedPolicy {
  readonly path: string;
  readonly source: string;
  /** What the Cedar module reads. */
  readonly text: string;
  /** True where that differs from the source in the type of an action. */
  readonly foreignAction: boolean;
  readonly tree: PolicyTree;
}

/** The validator is quadratic in nothing, but a person reads no more than this. */
const MAX_FINDINGS = 50;
/** Above it the validator would take longer than a request may; what it looks at is said. */
const MAX_LINTED = 500;

/** Asked only for a config without problems. */
export function lintCedar(decoded: GoDecoded, cedar: Cedar): readonly Problem[] {
  const { entities } = readEntities(stringOf(decoded, 'entities_json'));
  const all = stringsOf(decoded, 'policies');
  const policies = all
    .slice(0, MAX_LINTED)
    .map((source, index) => linted(source, index, cedar))
    .filter((policy) => policy !== undefined);
  const groupType = stringOf(decoded, 'group_entity_type').trim() || DEFAULT_GROUP_TYPE;
  const entityTypes = [...REQUEST_TYPES, 'MCP', groupType];
  const verdicts = validate(policies, entities, groupType, stringsOf(decoded, 'multi_valued_claims'), cedar);
  const impossible = new Set(
    verdicts.filter(isImpossible).flatMap(({ policy }) => (isPartlyKnown(policies[policy]) ? [] : [policy])),
  );
  const findings = [
    ...misspeltKeys(decoded, CEDAR_OPTIONS),
    ...entityFindings(entities),
    ...policies.flatMap((policy, index) => [
      ...actionFindings(policy),
      ...validatorFindings(
        entityTypes,
        policy,
        verdicts.filter((verdict) => verdict.policy === index),
      ),
    ]),
    ...wholeFindings(policies, impossible),
    ...(all.length > MAX_LINTED ? [unlinted(all.length)] : []),
  ];
  return distinct(findings).slice(0, MAX_FINDINGS);
}

function linted(source: string, index: number, cedar: Cedar): LintedPolicy | undefined {
  const path = `spec.config.policies[${String(index)}]`;
  const prepared = preparePolicy(source, path);
  const text = parseable(prepared, cedar);
  const tree = text === undefined ? undefined : policyTree(cedar.toJson(text));
  return text === undefined || tree === undefined
    ? undefined
    : { path, source, text, tree, foreignAction: text !== prepared.text };
}

/** The validator's stack ends at about half of what the parser takes; a longer policy gets no advice of that kind. */
const MAX_VALIDATED = 600;
const OPERATOR = /\|\||&&|[-+*.]/g;
const UNREMARKABLE = 'permit(principal, action, resource);';

function validate(
  policies: readonly LintedPolicy[],
  entities: readonly StaticEntity[],
  groupType: string,
  multiValuedClaims: readonly string[],
  cedar: Cedar,
): readonly CedarVerdict[] {
  const mentioned = mentionedAttributes(policies.flatMap(({ tree }) => tree.conditions));
  const schema = cedarSchema({ groupType, entities, mentioned, multiValuedClaims });
  const texts = policies.map(({ text }) => ((text.match(OPERATOR) ?? []).length > MAX_VALIDATED ? UNREMARKABLE : text));
  return cedar.validate(schema, texts) ?? [];
}

function isImpossible({ message }: CedarVerdict): boolean {
  return (
    message.message.includes('policy is impossible') || message.message.includes('unable to find an applicable action')
  );
}

/** With an unknown action in its list the validator gives up on a policy that the known ones make match. */
function isPartlyKnown(policy: LintedPolicy | undefined): boolean {
  return (
    policy?.tree.actions.some(({ type, id }) => type === 'Action' && ACTIONS.includes(id)) === true &&
    hasUnknownAction(policy.tree)
  );
}

function hasUnknownAction({ actions }: PolicyTree): boolean {
  return actions.some(({ type, id }) => type !== 'Action' || !ACTIONS.includes(id));
}

const DEAD_ACTIONS = ['list_tools', 'list_prompts', 'list_resources'];

/** What people call the actions elsewhere, and what they are here. */
const ACTION_NAMES: Readonly<Record<string, string>> = {
  'tools/call': 'call_tool',
  tool_call: 'call_tool',
  calltool: 'call_tool',
  'prompts/get': 'get_prompt',
  prompt_get: 'get_prompt',
  'resources/read': 'read_resource',
  resource_read: 'read_resource',
};

function actionFindings({ path, source, tree, foreignAction }: LintedPolicy): readonly Problem[] {
  if (foreignAction) {
    const message = `An action here is not of the type Action: that part of the policy never matches. Write Action::"call_tool".`;
    return [{ path, reason: 'UnknownAction', message }];
  }
  const effect = tree.effect === 'permit' ? 'permits' : 'forbids';
  return tree.actions
    .filter(({ type, id }) => type !== 'Action' || !ACTIONS.includes(id))
    .map(({ type, id }) => {
      if (type === 'Action' && DEAD_ACTIONS.includes(id)) {
        const message = `Action::"${id}" is never asked: lists are filtered item by item with ${ACTIONS.join(', ')}. This part of the policy ${effect} nothing.`;
        return { path, reason: 'DeadAction', message };
      }
      const meant = ACTION_NAMES[id.toLowerCase()] ?? suggest(id, ACTIONS);
      const hint =
        meant === undefined ? ` The actions are ${ACTIONS.join(', ')}.` : ` Did you mean Action::"${meant}"?`;
      const message = `${type}::"${id}" is no action of ToolHive: this part of the policy never matches and ${effect} nothing.${hint}`;
      return {
        path,
        reason: 'UnknownAction',
        message,
        detail: frameAt(source, placeOf(source, `${type}::"${id}"`, `"${id}"`)),
      };
    });
}

/** Of the first of these texts that is there; the start where none is, e.g. for an escape in a name. */
function placeOf(source: string, ...texts: readonly string[]): number {
  return texts.map((text) => source.indexOf(text)).find((place) => place >= 0) ?? 0;
}

function validatorFindings(
  entityTypes: readonly string[],
  { path, source, text, tree }: LintedPolicy,
  verdicts: readonly CedarVerdict[],
): readonly Problem[] {
  const unknownAction = hasUnknownAction(tree);
  const hasError = verdicts.some(({ level }) => level === 'error');
  return (
    verdicts
      .filter((verdict) => !(isImpossible(verdict) && (hasError || unknownAction)))
      .filter(({ message }) => !isAskedTheOtherWay(message.message, text))
      // The module tells them in an order of its own, which is not always the same.
      .sort((a, b) => a.message.start - b.message.start || (a.message.message < b.message.message ? -1 : 1))
      .flatMap(({ message }): readonly Problem[] => {
        const explained = explain(message, tree.effect, entityTypes);
        if (explained === undefined) {
          return [];
        }
        const offset = Math.min(offsetOfByte(text, message.start), source.length);
        const { line, column } = positionAt(source, offset);
        return [
          {
            path,
            reason: explained.reason,
            message: `line ${String(line)}, column ${String(column)}: ${explained.message}`,
            detail: frameAt(source, offset),
          },
        ];
      })
  );
}

/** `!(principal has claim_x) || principal.claim_x` is a guard, too, though the validator does not follow it. */
function isAskedTheOtherWay(message: string, text: string): boolean {
  const path = unguardedPath(message);
  return (
    path !== undefined &&
    [...text.matchAll(/!\s*\(\s*\w+\s+has\s+("(?:[^"\\]|\\.)*"|[\w.]+)\s*\)/g)].some(([, asked = '']) =>
      asksFor(asked, path),
    )
  );
}

function entityFindings(entities: readonly StaticEntity[]): readonly Problem[] {
  const path = 'spec.config.entities_json';
  const seen = new Set<string>();
  return entities.flatMap(({ uid }, index): readonly Problem[] => {
    if (uid === undefined) {
      return [];
    }
    const name = `${uid.type}::"${uid.id}"`;
    const findings: Problem[] = [];
    if (REQUEST_TYPES.includes(uid.type)) {
      const message = `[${String(index)}]: ${name} is replaced by the request's own ${uid.type}: attributes and parents given here never apply.`;
      findings.push({ path, reason: 'EntityReplaced', message });
    }
    if (seen.has(name)) {
      findings.push({
        path,
        reason: 'EntityTwice',
        message: `[${String(index)}]: ${name} is there twice; only the last one counts.`,
      });
    }
    seen.add(name);
    return findings;
  });
}

/** About all policies together. */
function wholeFindings(policies: readonly LintedPolicy[], impossible: ReadonlySet<number>): readonly Problem[] {
  const path = 'spec.config.policies';
  const live = policies.filter((_policy, index) => !impossible.has(index));
  const forbidAll = live.find(({ tree }) => tree.effect === 'forbid' && tree.unconditional);
  if (forbidAll !== undefined) {
    const message = 'This forbids everything: every call is denied, and no other policy can change that.';
    return [{ path: forbidAll.path, reason: 'ForbidsEverything', message }];
  }
  if (policies.length > 0 && !live.some(({ tree }) => tree.effect === 'permit')) {
    return [
      {
        path,
        reason: 'PermitsNothing',
        message: 'No policy permits anything: every call is denied, and every list is empty.',
      },
    ];
  }
  const permitAll = live.find(({ tree }) => tree.effect === 'permit' && tree.unconditional);
  if (permitAll !== undefined && !live.some(({ tree }) => tree.effect === 'forbid')) {
    const message =
      'This permits everything, and nothing forbids: every caller may call every tool, as without authorization.';
    return [{ path: permitAll.path, reason: 'PermitsEverything', message }];
  }
  return [];
}

function unlinted(count: number): Problem {
  const message = `Advice is given on the first ${String(MAX_LINTED)} of ${String(count)} policies only.`;
  return { path: 'spec.config.policies', reason: 'AdviceIncomplete', message };
}

/** The validator repeats itself for every action that a policy applies to. */
function distinct(findings: readonly Problem[]): readonly Problem[] {
  return [...new Map(findings.map((finding) => [`${finding.path}\n${finding.message}`, finding])).values()];
}
