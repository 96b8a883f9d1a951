/** One log line and one count for every request, whatever became of it. */
import type { AdmissionOperation, AdmissionRequest } from '../api/admission.ts';
import { AUTHZ_CONFIG, GROUP, workloadType } from '../api/toolhive.ts';
import type { Logger } from '../runtime/logger.ts';
import type { AdmissionObservation, Metrics } from '../runtime/metrics.ts';
import type { Outcome } from './handler.ts';
import { OverloadError, type Bound } from './in-flight.ts';

export interface RecordDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function recordDecision(
  webhook: string,
  request: AdmissionRequest,
  outcome: Outcome,
  seconds: number,
  { logger, metrics }: RecordDeps,
): AdmissionObservation {
  for (const { ruleId, error } of outcome.failures) {
    metrics.panic(ruleId);
    logger.error('rule failed', { rule: ruleId, uid: request.uid, error: error.message, stack: error.stack });
  }
  const denials = outcome.findings.filter((finding) => finding.level === 'deny');
  for (const { ruleId } of denials) {
    metrics.denial(ruleId);
  }
  if (!request.dryRun && outcome.kind === 'response' && outcome.response.allowed) {
    for (const { message } of outcome.findings.filter(({ reason }) => reason === 'BreakGlass')) {
      metrics.glassBroken();
      logger.warn('break-glass', { ...subject(webhook, request, seconds), message });
    }
  }
  const decision = outcome.kind === 'undecided' ? 'undecided' : outcome.response.allowed ? 'allowed' : 'denied';
  const code = outcome.kind === 'undecided' ? outcome.code : (outcome.response.status?.code ?? 200);
  const { operation, kind } = labelsOf(webhook, request);
  const observation = { uid: request.uid, webhook, operation, kind, decision, code, seconds } as const;
  if (!request.dryRun && outcome.kind === 'response' && outcome.response.patch !== undefined) {
    metrics.injected(kind);
  }
  metrics.finished(observation);
  logger[decision === 'undecided' ? 'warn' : 'info']('admission', {
    ...subject(webhook, request, seconds),
    decision,
    code,
    reasons: [...new Set(outcome.findings.map(({ ruleId, reason, level }) => `${level}:${ruleId}:${reason}`))],
    ...(outcome.kind === 'undecided' ? { why: outcome.why } : { patched: outcome.response.patch !== undefined }),
  });
  return observation;
}

export function recordRejection(
  webhook: string,
  uid: string,
  request: AdmissionRequest | undefined,
  code: number,
  error: unknown,
  seconds: number,
  { logger, metrics, shed }: RecordDeps & { readonly shed: ShedLog },
): AdmissionObservation {
  const { operation, kind } = labelsOf(webhook, request);
  const observation = { uid, webhook, operation, kind, decision: 'rejected', code, seconds } as const;
  metrics.finished(observation);
  if (error instanceof OverloadError) {
    shed(error.bound, request?.namespace);
    return observation;
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  logger[code === 500 ? 'error' : 'warn']('admission request not answered', {
    ...(request === undefined ? { webhook } : subject(webhook, request, seconds)),
    code,
    error: cause.message,
    ...(code === 500 ? { stack: cause.stack } : {}),
  });
  return observation;
}

export type ShedLog = (bound: Bound, namespace: string | undefined) => void;

const SHED_LOG_MS = 1000;

/** Counts what is refused for want of room, and says so once a second: a line each would make it worse. */
export function createShedLog({ logger, metrics }: RecordDeps, clock: () => number): ShedLog {
  let count = 0;
  let until = -Infinity;
  return (bound, namespace) => {
    metrics.shed(bound);
    count += 1;
    if (clock() >= until) {
      logger.warn('too many requests at a time', { refused: count, bound, namespace });
      count = 0;
      until = clock() + SHED_LOG_MS;
    }
  };
}

function subject(
  webhook: string,
  request: AdmissionRequest,
  seconds: number,
): Readonly<Record<string, string | number | boolean>> {
  return {
    webhook,
    uid: request.uid,
    operation: request.operation,
    kind: request.kind.kind,
    namespace: request.namespace,
    name: request.name,
    user: request.userInfo.username,
    dryRun: request.dryRun,
    milliseconds: Math.round(seconds * 1e5) / 100,
  };
}

/** Label values come from a small set, whatever a caller sends: what no webhook of ours is registered for is all one. */
function labelsOf(
  webhook: string,
  request: AdmissionRequest | undefined,
): { readonly operation: string; readonly kind: string } {
  if (request === undefined) {
    return { operation: 'none', kind: 'none' };
  }
  const { operation, kind } = request;
  return askedAbout(webhook, kind).includes(operation)
    ? { operation, kind: kind.kind }
    : { operation: 'other', kind: 'other' };
}

const WRITES: readonly AdmissionOperation[] = ['CREATE', 'UPDATE'];

/** As in engine/registration.ts; a test compares the two. */
function askedAbout(webhook: string, { group, kind }: AdmissionRequest['kind']): readonly AdmissionOperation[] {
  if (group === GROUP && (kind === AUTHZ_CONFIG.kind || workloadType(kind) !== undefined)) {
    return webhook === 'validate' ? [...WRITES, 'DELETE'] : WRITES;
  }
  if (group === '' && kind === 'ConfigMap' && webhook === 'validate') {
    return WRITES;
  }
  return group === '' && kind === 'Pod' && webhook === 'mutate' ? ['CREATE'] : [];
}
