/** Constructors of AdmissionResponse, and its form on the wire. */
import { ADMISSION_API_VERSION, type AdmissionRequest, type AdmissionResponse, type Status } from '../api/admission.ts';
import type { PatchOperation } from '../api/json-patch.ts';
import type { Decision } from '../engine/decide.ts';
import type { RuleFinding } from '../engine/evaluate.ts';

type Allowed = Extract<Decision, { verdict: 'allowed' }>;
type Denied = Extract<Decision, { verdict: 'denied' }>;

export function allowed(
  request: AdmissionRequest,
  { warnings, audit }: Allowed,
  patch: readonly PatchOperation[],
): AdmissionResponse {
  return {
    uid: request.uid,
    allowed: true,
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(audit.length === 0 ? {} : { auditAnnotations: audited(audit) }),
    ...(patch.length === 0 ? {} : { patch }),
  };
}

export function denied(request: AdmissionRequest, { status, warnings, audit }: Denied): AdmissionResponse {
  return {
    uid: request.uid,
    allowed: false,
    status: {
      status: 'Failure',
      code: status.code,
      reason: status.reason,
      message: status.message,
      details: { group: request.kind.group, kind: request.kind.kind, name: request.name, causes: status.causes },
    },
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(audit.length === 0 ? {} : { auditAnnotations: audited(audit) }),
  };
}

/** Broken, as opposed to forbidden: goes with an HTTP status of the same code, so that failurePolicy applies. */
export function errored(uid: string, code: number, reason: string, message: string): AdmissionResponse {
  const status: Status = { status: 'Failure', code, reason, message };
  return { uid, allowed: false, status };
}

/** One audit annotation a rule; keys may hold only what a qualified name holds. */
function audited(findings: readonly RuleFinding[]): Readonly<Record<string, string>> {
  const messages = new Map<string, string[]>();
  for (const { ruleId, message } of findings) {
    const key = ruleId.replaceAll('/', '.');
    messages.set(key, [...(messages.get(key) ?? []), message]);
  }
  return Object.fromEntries([...messages].map(([key, texts]) => [key, texts.join('; ')]));
}

export function encodeReview({ patch, ...response }: AdmissionResponse): string {
  return JSON.stringify({
    apiVersion: ADMISSION_API_VERSION,
    kind: 'AdmissionReview',
    response:
      patch === undefined
        ? response
        : { ...response, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') },
  });
}
