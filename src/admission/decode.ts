/** The one place that turns bytes into an AdmissionRequest. */
import { ADMISSION_API_VERSION, type AdmissionOperation, type AdmissionRequest } from '../api/admission.ts';
import { scanJson } from '../api/json-scan.ts';
import { parseJson } from '../api/json-text.ts';
import { fieldsOf, isJsonObject, type JsonObject } from '../api/json.ts';
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
  const { request, apiVersion, kind } = review;
  const uid = text(fieldsOf(request)['uid']);
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

function decodeRequest(request: JsonObject, uid: string): AdmissionRequest {
  const {
    operation: asked,
    kind,
    resource,
    subResource,
    name,
    namespace,
    userInfo,
    object,
    oldObject,
    dryRun,
  } = request;
  if (uid === '') {
    throw new DecodeError('BAD_REQUEST', 'request.uid is missing or not a string');
  }
  const operation = OPERATIONS.find((known) => known === asked);
  if (operation === undefined) {
    throw new DecodeError(
      'BAD_REQUEST',
      `request.operation is ${show(asked)}; expected one of ${OPERATIONS.join(', ')}`,
      uid,
    );
  }
  const { group, version, kind: kindName } = fieldsOf(kind);
  const { group: resourceGroup, version: resourceVersion, resource: resourceName } = fieldsOf(resource);
  const { username, groups } = fieldsOf(userInfo);
  const decoded = (value: unknown, field: string): KubernetesObject => objectOf(value, field, operation, uid);
  return {
    uid,
    operation,
    kind: { group: text(group), version: text(version), kind: text(kindName) },
    resource: { group: text(resourceGroup), version: text(resourceVersion), resource: text(resourceName) },
    subResource: text(subResource),
    name: text(name),
    namespace: text(namespace),
    userInfo: {
      username: text(username),
      groups: Array.isArray(groups) ? groups.filter((each) => typeof each === 'string') : [],
    },
    object: operation === 'CREATE' || operation === 'UPDATE' ? decoded(object, 'object') : undefined,
    oldObject: operation === 'UPDATE' || operation === 'DELETE' ? decoded(oldObject, 'oldObject') : undefined,
    dryRun: dryRun === true,
  };
}

/** Empty where the field is absent, null or no string. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function objectOf(value: unknown, field: string, operation: AdmissionOperation, uid: string): KubernetesObject {
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
