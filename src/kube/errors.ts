/** Why a call to the API server failed. Compare codes, not messages. */
import { stringAt, at } from '../api/json.ts';

export type ApiErrorCode =
  | 'API_NOT_FOUND'
  | 'API_CONFLICT'
  | 'API_FORBIDDEN'
  | 'API_GONE'
  | 'API_TOO_MANY_REQUESTS'
  /** No answer (refused, reset, TLS, credentials), or one that says that there is none now (5xx). */
  | 'API_UNAVAILABLE'
  /** Time was up, or the caller gave up. */
  | 'API_TIMEOUT'
  | 'API_OTHER';

const CODES: Readonly<Record<number, ApiErrorCode>> = {
  403: 'API_FORBIDDEN',
  404: 'API_NOT_FOUND',
  409: 'API_CONFLICT',
  410: 'API_GONE',
  429: 'API_TOO_MANY_REQUESTS',
};

/** {@link ApiError.reason} of an answer that was not read to its end; ours, the API server has no word for it. */
export const RESPONSE_TOO_LARGE = 'ResponseTooLarge';

export interface ApiErrorDetails {
  readonly reason?: string | undefined;
  readonly objectName?: string | undefined;
  readonly cause?: unknown;
}

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** metav1.Status.reason, e.g. `Expired`; empty where the answer has none. */
  readonly reason: string;
  /** metav1.Status.details.name: set where it is an object that was not found, and not the resource itself. */
  readonly objectName: string | undefined;

  constructor(code: ApiErrorCode, status: number, message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = status;
    this.reason = details.reason ?? '';
    this.objectName = details.objectName;
  }
}

/** From an answer other than 2xx, or an ERROR event. `body` is a metav1.Status where the API server itself answered. */
export function apiErrorFrom(status: number, body: unknown): ApiError {
  const code = CODES[status] ?? (status >= 500 ? 'API_UNAVAILABLE' : 'API_OTHER');
  const message = stringAt(body, 'message') ?? `the API server answered ${String(status)}`;
  const name = at(body, 'details', 'name');
  const objectName = typeof name === 'string' && name !== '' ? name : undefined;
  return new ApiError(code, status, message, { reason: stringAt(body, 'reason'), objectName });
}

/** No answer: connection refused or reset, TLS, time. The cause's code alone is shown; messages may quote headers. */
export function unreachable(cause: unknown, signal?: AbortSignal): ApiError {
  if (cause instanceof ApiError) {
    return cause;
  }
  if (signal?.aborted === true) {
    return new ApiError('API_TIMEOUT', 0, 'the API server did not answer in time', { cause });
  }
  return new ApiError('API_UNAVAILABLE', 0, `the API server could not be reached (${codeOf(cause)})`, { cause });
}

/** The code of a Node error, else the name of its class. */
export function codeOf(error: unknown): string {
  if (error instanceof Error) {
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  }
  return typeof error;
}

/** An answer that breaks the API's own contract. */
export function malformed(what: string): ApiError {
  return new ApiError('API_OTHER', 200, `the API server answered with ${what}`);
}

/** True where it is the resource type that is missing (or its version, or the group), not one object. */
export function isResourceMissing(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'API_NOT_FOUND' && error.objectName === undefined;
}
