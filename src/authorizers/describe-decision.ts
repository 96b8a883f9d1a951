/** A decision in words: which policy decided, what it says, and where none did, what each was missing. */
import { CEDAR_OPTIONS, stringOf, stringsOf } from './cedar-options.ts';
import type { Decide, Decision, DecisionRequest, PolicyPart } from './decision.ts';
import { goDecode } from './go-json.ts';
import { scanPolicy } from './policy-scan.ts';

export interface DescribedDecision extends Decision {
  /** One sentence. */
  readonly why: string;
}

/** The policies of a Cedar config, as the proxy counts them; none for any other. */
export function policyTexts(config: unknown): readonly string[] {
  return stringsOf(goDecode(config, CEDAR_OPTIONS, 'cedar'), 'policies');
}

/** From whose token a Cedar config takes the claims; empty for the token that the caller sends. */
export function upstreamProvider(config: unknown): string {
  return stringOf(goDecode(config, CEDAR_OPTIONS, 'cedar'), 'primary_upstream_provider');
}

/** More than these are only counted. */
const MAX_MISSED = 5;
const MAX_TEXT = 160;

export function describeDecision(
  decide: Decide,
  request: DecisionRequest,
  texts: readonly string[],
): DescribedDecision {
  const missed: { readonly policy: number; readonly part: PolicyPart }[] = [];
  const decision = decide(request, (policy, part) => missed.push({ policy, part }));
  return { ...decision, why: reason(decision, missed, texts) };
}

function reason(
  { allow, policies, errors }: Decision,
  missed: readonly { readonly policy: number; readonly part: PolicyPart }[],
  texts: readonly string[],
): string {
  const [first] = policies;
  if (errors.length > 0) {
    const which = first === undefined ? '' : ` (${policyLine(first, texts[first] ?? '')})`;
    return `denied by an error: ${errors.join('; ')}${which}`;
  }
  if (first !== undefined) {
    const others = policies.length > 1 ? ` and ${String(policies.length - 1)} more` : '';
    return `${allow ? 'permitted' : 'forbidden'} by ${policyLine(first, texts[first] ?? '')}${others}`;
  }
  const permits = missed.filter(({ policy }) => !forbids(texts[policy] ?? ''));
  const told = permits.slice(0, MAX_MISSED).map(({ policy, part }) => `policies[${String(policy)}] ${MISSING[part]}`);
  const rest = permits.length > MAX_MISSED ? [`${String(permits.length - MAX_MISSED)} more do not match`] : [];
  return `no policy permits it: ${[...told, ...rest].join('; ') || 'there is no permit'}`;
}

/** Annotations may stand before the word, and comments anywhere. */
function forbids(text: string): boolean {
  return /^\s*(?:@\w+\s*(?:\(\s*"(?:[^"\\]|\\.)*"\s*\)\s*)?)*forbid\b/.test(scanPolicy(text).text);
}

const MISSING: Readonly<Record<PolicyPart, string>> = {
  principal: 'is about another principal',
  action: 'is about another action',
  resource: 'is about another resource',
  condition: 'has a condition that does not hold',
};

/** `policies[1]: forbid(…)`, on one line. */
export function policyLine(index: number, source: string): string {
  const text = source.replace(/\s+/g, ' ').trim();
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  return `policies[${String(index)}]${shown === '' ? '' : `: ${shown}`}`;
}
