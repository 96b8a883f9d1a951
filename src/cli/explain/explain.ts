/** Who may call what under one config: every caller with every target, each decision with its reason. */
import type { JsonObject } from '../../api/json.ts';
import {
  createCedar,
  createDecider,
  describeDecision,
  mentionedEntities,
  policyTexts,
  upstreamProvider,
  type AuthorizerSpec,
} from '../../authorizers/index.ts';

export interface Caller {
  readonly name: string;
  readonly claims: JsonObject;
}

export interface Target {
  readonly feature: 'tool' | 'prompt' | 'resource';
  readonly id: string;
}

export interface Asked {
  /** Those that the policies name, and somebody else, where there are none. */
  readonly callers: readonly Caller[];
  /** Those that the policies name, and another tool, where there are none. */
  readonly targets: readonly Target[];
  readonly server: string;
  readonly args: JsonObject | undefined;
}

export interface Explained extends Target {
  readonly caller: string;
  readonly allow: boolean;
  readonly policies: readonly number[];
  readonly errors: readonly string[];
  readonly why: string;
}

export interface Explanation {
  readonly name: string;
  readonly policies: readonly string[];
  readonly callers: readonly Caller[];
  readonly targets: readonly Target[];
  /** By target, then by caller. */
  readonly decisions: readonly Explained[];
  /** How many that the policies name are not among them; a page has an end, and so has patience. */
  readonly leftOut: { readonly callers: number; readonly targets: number };
}

const MAX_CALLERS = 30;
const MAX_TARGETS = 60;

const OPERATIONS = { tool: 'call', prompt: 'get', resource: 'read' } as const;

export function explain(
  name: string,
  spec: AuthorizerSpec,
  asked: Asked,
): Explanation | { readonly undecidable: string } {
  const cedar = createCedar();
  const decide = createDecider(cedar)(spec);
  if ('undecidable' in decide) {
    return decide;
  }
  const policies = policyTexts(spec.config);
  const mentioned = mentionedEntities(spec.config, cedar);
  const likely = { callers: likelyCallers(mentioned), targets: likelyTargets(mentioned) };
  const callers = asked.callers.length > 0 ? asked.callers : likely.callers.slice(-MAX_CALLERS);
  const targets = asked.targets.length > 0 ? asked.targets : likely.targets.slice(0, MAX_TARGETS);
  const provider = upstreamProvider(spec.config);
  const decisions = targets.flatMap(({ feature, id }) =>
    callers.map(({ name: caller, claims }): Explained => {
      const upstream = provider === '' ? undefined : Object.fromEntries([[provider, claims]]);
      const request = {
        claims,
        upstream,
        feature,
        operation: OPERATIONS[feature],
        id,
        args: asked.args,
        server: asked.server,
      };
      return { feature, id, caller, ...describeDecision(decide, request, policies) };
    }),
  );
  const leftOut = {
    callers: asked.callers.length > 0 ? 0 : likely.callers.length - callers.length,
    targets: asked.targets.length > 0 ? 0 : likely.targets.length - targets.length,
  };
  return { name, policies, callers, targets, decisions, leftOut };
}

type Mentioned = ReturnType<typeof mentionedEntities>;

/** Nobody in particular comes last: what such a caller may do, everybody may. */
function likelyCallers({ clients, groups }: Mentioned): readonly Caller[] {
  return [
    ...clients.map((sub) => ({ name: sub, claims: { sub } })),
    ...groups.map((group) => ({ name: `group ${group}`, claims: { sub: `a member of ${group}`, groups: [group] } })),
    { name: 'anybody else', claims: { sub: 'anybody else' } },
  ];
}

function likelyTargets({ tools, prompts, resources }: Mentioned): readonly Target[] {
  return [
    { feature: 'tool', id: 'any other tool' },
    ...tools.map((id) => ({ feature: 'tool', id }) as const),
    ...prompts.map((id) => ({ feature: 'prompt', id }) as const),
    ...resources.map((id) => ({ feature: 'resource', id }) as const),
  ];
}
