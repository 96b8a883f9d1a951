import type { PatchOperation } from '../api/json-patch.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type { Mutator, WriteInput } from '../rules/contract.ts';
import { applicableMutators, asError, compareFindings, type RuleFailure, type RuleFinding } from './evaluate.ts';
import { jsonPatch } from './json-patch.ts';
import { doesWhatItSays } from './patch-check.ts';
import { worldViewOf, type WorldAnswers } from './world-view.ts';

export interface MutationResult {
  readonly object: KubernetesObject;
  /** From the request's object to {@link object}; empty when there is nothing to change. */
  readonly patch: readonly PatchOperation[];
  readonly findings: readonly RuleFinding[];
  readonly failures: readonly RuleFailure[];
}

/** Each mutator gets what the one before it left; the patch is made once, from the first to the last. */
export function mutate(mutators: readonly Mutator[], input: WriteInput, answers: WorldAnswers): MutationResult {
  const findings: RuleFinding[] = [];
  const failures: RuleFailure[] = [];
  let object = input.object;
  for (const mutator of applicableMutators(mutators, input)) {
    try {
      const world = worldViewOf(mutator.queries(input), answers);
      const mutation = mutator.mutate({ ...input, object }, world);
      object = mutation.object;
      findings.push(...mutation.findings.map((finding) => ({ ...finding, ruleId: mutator.id })));
    } catch (error) {
      failures.push({ ruleId: mutator.id, error: asError(error) });
    }
  }
  const patch = jsonPatch(input.object, object);
  if (!doesWhatItSays(input.object, patch, object)) {
    failures.push({
      ruleId: 'json-patch',
      error: new Error('the patch does not lead to the object that was decided on'),
    });
  }
  return { object, patch, findings: findings.sort(compareFindings), failures };
}
