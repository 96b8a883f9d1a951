/** Cases and configs in, results out. Pure: the command line shows them, an admission rule may ask for them. */
import { describeDecision, policyTexts, type Decider } from '../authorizers/index.ts';
import type { CaseResult, Coverage, DecisionCase, NamedConfig } from './model.ts';

export interface TestRun {
  readonly cases: readonly CaseResult[];
}

/** The results of one test, or why its config cannot be decided on. */
export function runDecisionTest(
  { spec }: NamedConfig,
  cases: readonly DecisionCase[],
  decider: Decider,
): TestRun | { readonly undecidable: string } {
  const decide = decider(spec);
  if ('undecidable' in decide) {
    return decide;
  }
  const texts = policyTexts(spec.config);
  return {
    cases: cases.map(({ name, path, expected, request }): CaseResult => {
      const { allow, policies, errors, why } = describeDecision(decide, request, texts);
      const actual = allow ? 'allow' : 'deny';
      return { name, path, passed: actual === expected, expected, actual, policies, errors, why };
    }),
  };
}

/** Of each config, over all tests of it, in the order in which the configs first come. */
export function coverageOf(
  runs: readonly { readonly config: NamedConfig; readonly cases: readonly CaseResult[] }[],
): readonly Coverage[] {
  const byName = new Map<string, { readonly config: NamedConfig; readonly decided: Set<number> }>();
  for (const { config, cases } of runs) {
    const entry = byName.get(config.name) ?? { config, decided: new Set<number>() };
    byName.set(config.name, entry);
    cases.flatMap(({ policies }) => policies).forEach((policy) => entry.decided.add(policy));
  }
  return [...byName.values()].map(({ config, decided }) => {
    const texts = policyTexts(config.spec.config);
    return {
      config: config.name,
      policies: texts.length,
      uncovered: texts.flatMap((text, index) => (decided.has(index) ? [] : [{ index, text }])),
    };
  });
}
