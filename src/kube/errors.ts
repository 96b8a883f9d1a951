/** Why a call to the API server failed. Compare codes, not messages. */
import { stringAt, at } from '../api/json.ts';

export type ApiErrorCode =
  | 'API_NOT_FOUND'
  | 'API_CONFLICT'
  | 'API_FORBIDDEN'
  | 'API_GONE'
  | 'API_TOO_MANY_REQUESTS'
  | 'API_REFUSED'
  | 'API_UNAVAILABLE';

const CODES: Readonly<Record<number, ApiErrorCode>> = {
  403: 'API_FORBIDDEN',
  404: 'API_NOT_FOUND',
  409: 'API_CONFLICT',
  410: 'API_GONE',
  429: 'API_TOO_MANY_REQUESTS',
};

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** metav1.Status.details.name: set where it is an object that was not found, and not the resource itself. */
  readonly objectName: string | undefined;

  constructor(code: ApiErrorCode, status: number, message: string, options?: { cause?: unknown; objectName?: string }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = status;
    this.objectName = options?.objectName;
  }
}

/** From an answer other than 2xx. `body` is a metav1.Status where the API server itself answered. */
export function apiErrorFrom(status: number, body: unknown): ApiError {
  const code = CODES[status] ?? (status >= 500 ? 'API_UNAVAILABLE' : 'API_REFUSED');
  const message = stringAt(body, 'message') ?? `the API server answered ${String(status)}`;
  const name = at(body, 'details', 'name');
  return new ApiError(code, status, message, typeof name === 'string' && name !== '' ? { objectName: name } : {});
}

/** No answer: connection refused or reset, TLS, time. */
export function unreachable(cause: unknown): ApiError {
  const why = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause);
  return new ApiError('API_UNAVAILABLE', 0, `the API server could not be reached (${why})`, { cause });
}
