/** The one place that turns bytes into an AdmissionRequest. */
import { ADMISSION_API_VERSION, type AdmissionOperation, type AdmissionRequest } from '../api/admission.ts';
import { scanJson } from '../api/json-scan.ts';
import { parseJson } from '../api/json-text.ts';
import { at, isJsonObject, property, stringAt } from '../api/json.ts';
import { objectDefect, type KubernetesObject } from '../api/objects.ts';

/** The caller's fault. `status` is the HTTP code; `uid` is there where the body told it. */
export class DecodeError extends Error {
  readonly code: 'NOT_JSON' | 'TOO_DEEP' | 'NOT_A_REVIEW' | 'WRONG_VERSION' | 'NO_REQUEST' | 'BAD_REQUEST';
  readonly status = 400;
  readonly uid: string;

  constructor(code: DecodeError['code'], message: string, uid = '', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.uid = uid;
  }
}

/** Deeper than any object the API server stores for these kinds, far above what overflows the stack. */
const MAX_DEPTH = 1000;

const OPERATIONS: readonly AdmissionOperation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

/** @throws DecodeError that says what is wrong with the body and what was expected. */
export function decodeReview(body: Buffer): AdmissionRequest {
  const review = parse(body);
  if (!isJsonObject(review)) {
    throw new DecodeError('NOT_A_REVIEW', 'the body is JSON but not an object; expected an AdmissionReview');
  }
  const request = property(review, 'request');
  const uid = stringAt(request, 'uid') ?? '';
  const apiVersion = property(review, 'apiVersion');
  const kind = property(review, 'kind');
  if (kind !== 'AdmissionReview') {
    throw new DecodeError('NOT_A_REVIEW', `kind is ${show(kind)}; expected "AdmissionReview"`, uid);
  }
  if (apiVersion !== ADMISSION_API_VERSION) {
    throw new DecodeError(
      'WRONG_VERSION',
      `apiVersion is ${show(apiVersion)}; expected "${ADMISSION_API_VERSION}"`,
      uid,
    );
  }
  if (!isJsonObject(request)) {
    throw new DecodeError('NO_REQUEST', 'the AdmissionReview has no request');
  }
  return decodeRequest(request, uid);
}

function decodeRequest(request: Readonly<Record<string, unknown>>, uid: string): AdmissionRequest {
  if (uid === '') {
    throw new DecodeError('BAD_REQUEST', 'request.uid is missing or not a string');
  }
  const operation = OPERATIONS.find((known) => known === property(request, 'operation'));
  if (operation === undefined) {
    throw new DecodeError(
      'BAD_REQUEST',
      `request.operation is ${show(property(request, 'operation'))}; expected one of ${OPERATIONS.join(', ')}`,
      uid,
    );
  }
  const object = (field: string): KubernetesObject => objectAt(request, field, operation, uid);
  const groups = at(request, 'userInfo', 'groups');
  return {
    uid,
    operation,
    kind: {
      group: stringAt(request, 'kind', 'group') ?? '',
      version: stringAt(request, 'kind', 'version') ?? '',
      kind: stringAt(request, 'kind', 'kind') ?? '',
    },
    resource: {
      group: stringAt(request, 'resource', 'group') ?? '',
      version: stringAt(request, 'resource', 'version') ?? '',
      resource: stringAt(request, 'resource', 'resource') ?? '',
    },
    subResource: stringAt(request, 'subResource') ?? '',
    name: stringAt(request, 'name') ?? '',
    namespace: stringAt(request, 'namespace') ?? '',
    userInfo: {
      username: stringAt(request, 'userInfo', 'username') ?? '',
      groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
    },
    object: operation === 'CREATE' || operation === 'UPDATE' ? object('object') : undefined,
    oldObject: operation === 'UPDATE' || operation === 'DELETE' ? object('oldObject') : undefined,
    dryRun: at(request, 'dryRun') === true,
  };
}

function objectAt(
  request: Readonly<Record<string, unknown>>,
  field: string,
  operation: AdmissionOperation,
  uid: string,
): KubernetesObject {
  const value = property(request, field);
  const defect = objectDefect(value);
  if (defect !== undefined) {
    throw new DecodeError('BAD_REQUEST', `request.${field} of a ${operation} is not usable: ${defect}`, uid);
  }
  return value as KubernetesObject; // nothing keeps it from being one
}

function parse(body: Buffer): unknown {
  // Counts before it parses, so that no recursive walk of the object can run out of stack later.
  const { tooDeep, hasFractions } = scanJson(body, MAX_DEPTH);
  if (tooDeep) {
    throw new DecodeError('TOO_DEEP', `the body nests deeper than ${String(MAX_DEPTH)} levels`);
  }
  try {
    const text = body.toString('utf8');
    return hasFractions ? parseJson(text) : JSON.parse(text);
  } catch (error) {
    // The parser quotes the text around the error, which may be policy text: say only that it is not JSON.
    throw new DecodeError('NOT_JSON', body.length === 0 ? 'the body is empty' : 'the body is not JSON', '', {
      cause: error,
    });
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 80)}"` : value === undefined ? 'missing' : `a ${typeof value}`;
}
