/** One log line and one count for every request, whatever became of it. */
import type { AdmissionRequest } from '../api/admission.ts';
import { AUTHZ_CONFIG, GROUP, workloadType } from '../api/toolhive.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Metrics } from '../runtime/metrics.ts';
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
): void {
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
  metrics.finished({ webhook, operation: request.operation, kind: knownKind(request), decision, code, seconds });
  logger[decision === 'undecided' ? 'warn' : 'info']('admission', {
    ...subject(webhook, request, seconds),
    decision,
    code,
    reasons: [...new Set(outcome.findings.map(({ ruleId, reason, level }) => `${level}:${ruleId}:${reason}`))],
    ...(outcome.kind === 'undecided' ? { why: outcome.why } : { patched: outcome.response.patch !== undefined }),
  });
}

export function recordRejection(
  webhook: string,
  request: AdmissionRequest | undefined,
  code: number,
  error: unknown,
  seconds: number,
  { logger, metrics, shed }: RecordDeps & { readonly shed: ShedLog },
): void {
  metrics.finished({
    webhook,
    operation: request?.operation ?? 'none',
    kind: request === undefined ? 'none' : knownKind(request),
    decision: 'rejected',
    code,
    seconds,
  });
  if (error instanceof OverloadError) {
    shed(error.bound, request?.namespace);
    return;
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  logger[code === 500 ? 'error' : 'warn']('admission request not answered', {
    ...(request === undefined ? { webhook } : subject(webhook, request, seconds)),
    code,
    error: cause.message,
    ...(code === 500 ? { stack: cause.stack } : {}),
  });
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

/** A label value must come from a small set, whatever a caller sends. */
function knownKind({ kind }: AdmissionRequest): string {
  if (kind.group === '' && kind.kind === 'Pod') {
    return 'Pod';
  }
  return kind.group === GROUP && (kind.kind === AUTHZ_CONFIG.kind || workloadType(kind.kind) !== undefined)
    ? kind.kind
    : 'other';
}
