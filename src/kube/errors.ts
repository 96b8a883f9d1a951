/** Why a call to the API server failed. Compare codes, not messages. */
import { stringAt, at } from '../api/json.ts';

export type ApiErrorCode =
  | 'API_NOT_FOUND'
  | 'API_CONFLICT'
  | 'API_FORBIDDEN'
  | 'API_GONE'
  | 'API_TOO_MANY_REQUESTS'
  | 'API_TOO_LARGE'
  | 'API_REFUSED'
  | 'API_FENCED'
  | 'API_UNAVAILABLE';

const CODES: Readonly<Record<number, ApiErrorCode>> = {
  403: 'API_FORBIDDEN',
  404: 'API_NOT_FOUND',
  409: 'API_CONFLICT',
  410: 'API_GONE',
  429: 'API_TOO_MANY_REQUESTS',
};

/** metav1.StatusCause: one of the reasons why, for machines and for people. */
export interface ApiErrorCause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

export interface ApiErrorDetails {
  readonly cause?: unknown;
  readonly objectName?: string;
  readonly reason?: string;
  readonly causes?: readonly ApiErrorCause[];
  readonly retryAfterMs?: number;
}

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** metav1.Status.details.name: set where it is an object that was not found, and not the resource itself. */
  readonly objectName: string | undefined;
  /** metav1.Status.reason, e.g. `Conflict` or `AlreadyExists`, both 409. */
  readonly reason: string | undefined;
  readonly causes: readonly ApiErrorCause[];
  /** How long the API server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ApiErrorCode, status: number, message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = status;
    this.objectName = details.objectName;
    this.reason = details.reason;
    this.causes = details.causes ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** From an answer other than 2xx. `body` is a metav1.Status where the API server itself answered. */
export function apiErrorFrom(status: number, body: unknown, retryAfterMs?: number): ApiError {
  const code = CODES[status] ?? (status >= 500 ? 'API_UNAVAILABLE' : 'API_REFUSED');
  const message = stringAt(body, 'message') ?? `the API server answered ${String(status)}`;
  const objectName = stringAt(body, 'details', 'name') ?? '';
  const reason = stringAt(body, 'reason');
  return new ApiError(code, status, message, {
    ...(objectName === '' ? {} : { objectName }),
    ...(reason === undefined ? {} : { reason }),
    causes: causesOf(body),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function causesOf(body: unknown): readonly ApiErrorCause[] {
  const causes = at(body, 'details', 'causes');
  return (Array.isArray(causes) ? causes : []).map((cause: unknown) => ({
    reason: stringAt(cause, 'reason') ?? '',
    field: stringAt(cause, 'field') ?? '',
    message: stringAt(cause, 'message') ?? '',
  }));
}

/** Somebody else changed or made the object meanwhile: read again and try again, without a word. */
export function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 'API_CONFLICT';
}

/** Server-side apply without force: another field manager owns a field that we would change. Trying again is no use. */
export function isFieldManagerConflict(error: unknown): error is ApiError {
  return isConflict(error) && error.causes.some(({ reason }) => reason === 'FieldManagerConflict');
}

/** Nothing can be created in a namespace that is going away (403 with this cause). */
export function isNamespaceTerminating(error: unknown): error is ApiError {
  return error instanceof ApiError && error.causes.some(({ reason }) => reason === 'NamespaceTerminating');
}

/** No answer: connection refused or reset, TLS, time. */
export function unreachable(cause: unknown): ApiError {
  const why = stringAt(cause, 'code') ?? stringAt(cause, 'message') ?? String(cause);
  return new ApiError('API_UNAVAILABLE', 0, `the API server could not be reached (${why})`, { cause });
}

/** For a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
