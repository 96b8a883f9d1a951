/** One admission request in, one outcome out. Gathers what the rules ask for, then lets the engine decide. */
import type { AdmissionRequest, AdmissionResponse } from '../api/admission.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { decide, type Decision } from '../engine/decide.ts';
import { planOf, queriesOfMutators, type RuleFailure, type RuleFinding } from '../engine/evaluate.ts';
import { mutate } from '../engine/mutate.ts';
import { NO_ANSWERS, type WorldAnswers } from '../engine/world-view.ts';
import type { Mutator, Query, Rule, RuleInput } from '../rules/contract.ts';
import type { Deadline } from './deadline.ts';
import { allowed, denied } from './response.ts';

/** What the server answers, and what it logs and counts of it. */
export type Outcome =
  | {
      readonly kind: 'response';
      readonly response: AdmissionResponse;
      readonly findings: readonly RuleFinding[];
      readonly failures: readonly RuleFailure[];
    }
  /** No answer may be given: an HTTP error leaves the decision to the webhook's failurePolicy. */
  | {
      readonly kind: 'undecided';
      readonly code: 500 | 503;
      readonly why: string;
      readonly findings: readonly RuleFinding[];
      readonly failures: readonly RuleFailure[];
    };

/** At once where nothing has to be waited for. */
export type AdmissionHandler = (
  request: AdmissionRequest,
  deadline: Pick<Deadline, 'signal'>,
) => Outcome | Promise<Outcome>;

/**
 * Asks the world; never rejects for a question that cannot be answered, that is the answer `unknown`. What is slow about it
 * takes turns by namespace.
 */
export type Resolve = (queries: readonly Query[], signal: AbortSignal, namespace: string) => Promise<WorldAnswers>;

export interface HandlerDeps {
  readonly resolve: Resolve;
  /** The answers to all of them where that takes no waiting. */
  readonly recall?: (queries: readonly Query[]) => WorldAnswers | undefined;
  readonly now: () => Date;
}

export function createValidatingHandler(rules: () => readonly Rule[], deps: HandlerDeps): AdmissionHandler {
  return (request, deadline) => {
    const input = ruleInput(request, deps.now());
    if (input === undefined) {
      return silent(request.uid);
    }
    const plan = planOf(rules(), input);
    return withAnswers(answersTo(plan.queries, request, deadline, deps), (answers) => {
      const evaluation = plan.evaluate(answers);
      return outcome(request, decide(evaluation), evaluation.findings, evaluation.failures);
    });
  };
}

export function createMutatingHandler(mutators: readonly Mutator[], deps: HandlerDeps): AdmissionHandler {
  return (request, deadline) => {
    const input = ruleInput(request, deps.now());
    if (input === undefined || input.operation === 'DELETE') {
      return silent(request.uid);
    }
    return withAnswers(answersTo(queriesOfMutators(mutators, input), request, deadline, deps), (answers) => {
      const { patch, findings, failures } = mutate(mutators, input, answers);
      return outcome(request, decide({ findings, failures }), findings, failures, patch);
    });
  };
}

/** Not `await`: what is known at once would wait for its turn among the promises of all other requests. */
function withAnswers(
  answers: WorldAnswers | Promise<WorldAnswers>,
  judge: (answers: WorldAnswers) => Outcome,
): Outcome | Promise<Outcome> {
  return answers instanceof Promise ? answers.then(judge) : judge(answers);
}

/** Where nothing is asked nothing is waited for, and the deadline is not armed. */
function answersTo(
  queries: readonly Query[],
  { namespace }: AdmissionRequest,
  deadline: Pick<Deadline, 'signal'>,
  { resolve, recall }: HandlerDeps,
): WorldAnswers | Promise<WorldAnswers> {
  return queries.length === 0 ? NO_ANSWERS : (recall?.(queries) ?? resolve(queries, deadline.signal(), namespace));
}

/** Undefined where there is nothing to judge: subresources (status, finalizers by another path) and CONNECT. */
function ruleInput(request: AdmissionRequest, now: Date): RuleInput | undefined {
  const { operation, object, oldObject, namespace, userInfo: user } = request;
  if (operation === 'CONNECT' || request.subResource !== '') {
    return undefined;
  }
  const name = request.name === '' ? (oldObject?.metadata.name ?? object?.metadata.name ?? '') : request.name;
  const base = { namespace, name, user, now };
  if (operation === 'DELETE') {
    return { ...base, operation, oldObject: decoded(oldObject) };
  }
  return operation === 'CREATE'
    ? { ...base, operation, object: decoded(object) }
    : { ...base, operation, object: decoded(object), oldObject: decoded(oldObject) };
}

function decoded(object: KubernetesObject | undefined): KubernetesObject {
  if (object === undefined) {
    throw new TypeError('the request was not decoded'); // decodeReview has it for this operation
  }
  return object;
}

function silent(uid: string): Outcome {
  return { kind: 'response', response: { uid, allowed: true }, findings: [], failures: [] };
}

function outcome(
  request: AdmissionRequest,
  decision: Decision,
  findings: readonly RuleFinding[],
  failures: readonly RuleFailure[],
  patch: AdmissionResponse['patch'] = [],
): Outcome {
  switch (decision.verdict) {
    case 'undecided':
      return { kind: 'undecided', code: decision.code, why: decision.why, findings, failures };
    case 'denied':
      return { kind: 'response', response: denied(request, decision), findings, failures };
    case 'allowed':
      return { kind: 'response', response: allowed(request, decision, patch), findings, failures };
  }
}
