/** The plan of a request in the two halves that tests of a rule look at. */
import { planOf, type Evaluation } from '../../src/engine/evaluate.ts';
import type { WorldAnswers } from '../../src/engine/world-view.ts';
import type { Query, Rule, RuleInput } from '../../src/rules/contract.ts';

export function queriesOf(rules: readonly Rule[], input: RuleInput): readonly Query[] {
  return planOf(rules, input).queries;
}

export function evaluate(rules: readonly Rule[], input: RuleInput, answers: WorldAnswers): Evaluation {
  return planOf(rules, input).evaluate(answers);
}
