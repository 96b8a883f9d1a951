/** What an answer to hostile input must be, judged from the outside: by the bytes that were sent, and nothing of ours. */
import { at, isJsonObject, stringAt } from '../../src/api/json.ts';
import type { Message, RawAnswer } from './pipeline.ts';

/** Undefined where the answer is as it must be, else what is wrong with it. */
export function fault({ method, path, contentType, body }: Message, answer: RawAnswer): string | undefined {
  const review = parsed(answer.body);
  const asked = parsed(body);
  const uid = stringAt(asked, 'request', 'uid') ?? '';
  const { status } = answer;
  if (status >= 500 && status !== 503) {
    return `status ${String(status)}`;
  }
  if (review === undefined || !isReview(review)) {
    return 'the answer is no AdmissionReview';
  }
  const told = stringAt(review, 'response', 'uid');
  const allowed = at(review, 'response', 'allowed');
  if (status !== 200) {
    return refusal(status, review, told, uid, allowed);
  }
  if (method !== 'POST' || !/^\/(validate|mutate)\?/.test(path) || !/^application\/json\s*(;|$)/i.test(contentType)) {
    return 'answered what is no call of a webhook';
  }
  if (asked === undefined || !isReview(asked)) {
    return 'answered what is no AdmissionReview';
  }
  if (told !== uid || uid === '') {
    return `the uid is ${JSON.stringify(told)}, not ${JSON.stringify(uid)}`;
  }
  if (typeof allowed !== 'boolean') {
    return '"allowed" is no boolean';
  }
  return listsOfText(review) ?? (allowed ? patchFault(review, path) : denialFault(review));
}

function refusal(
  status: number,
  review: unknown,
  told: string | undefined,
  uid: string,
  allowed: unknown,
): string | undefined {
  if (allowed !== false || at(review, 'response', 'status', 'code') !== status) {
    return `status ${String(status)} does not say so itself`;
  }
  if (status === 503 && told !== uid) {
    return 'an undecided request without its uid';
  }
  return told === '' || told === uid ? undefined : `the uid is ${JSON.stringify(told)}, not ${JSON.stringify(uid)}`;
}

function isReview(value: unknown): boolean {
  return at(value, 'kind') === 'AdmissionReview' && at(value, 'apiVersion') === 'admission.k8s.io/v1';
}

function denialFault(review: unknown): string | undefined {
  const status = at(review, 'response', 'status');
  const complete =
    typeof at(status, 'code') === 'number' &&
    (stringAt(status, 'message') ?? '') !== '' &&
    (stringAt(status, 'reason') ?? '') !== '';
  return complete && at(review, 'response', 'patch') === undefined
    ? undefined
    : 'a refusal without code, reason or message';
}

function listsOfText(review: unknown): string | undefined {
  const warnings = at(review, 'response', 'warnings') ?? [];
  const audit = at(review, 'response', 'auditAnnotations') ?? {};
  const isText = (value: unknown): boolean => typeof value === 'string';
  return Array.isArray(warnings) && warnings.every(isText) && isJsonObject(audit) && Object.values(audit).every(isText)
    ? undefined
    : 'warnings or audit annotations are no texts';
}

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

function patchFault(review: unknown, path: string): string | undefined {
  const patch = stringAt(review, 'response', 'patch');
  if (patch === undefined) {
    return undefined;
  }
  const operations = parsed(Buffer.from(patch, 'base64'));
  return path.startsWith('/mutate') &&
    at(review, 'response', 'patchType') === 'JSONPatch' &&
    Array.isArray(operations) &&
    operations.every(
      (each: unknown) => OPERATIONS.includes(stringAt(each, 'op') ?? '') && stringAt(each, 'path') !== undefined,
    )
    ? undefined
    : 'the patch is no JSON Patch';
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
