/**
 * The HTTP edge of admission. Two paths are dispatched here, in front of the express app: measured, express costs more
 * than everything else in a small request (docs/adr/0007-two-paths-before-express.md). The result is an ordinary
 * request listener, so a test takes it without a socket.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express from 'express';
import type { AdmissionRequest } from '../api/admission.ts';
import type { Logger } from '../runtime/logger.ts';
import type { AdmissionObservation, Metrics } from '../runtime/metrics.ts';
import { BODY_LIMIT, BodyDroppedError, BodyTooLargeError, HungUpError, readBody } from './body.ts';
import { createBodyRoom, type BodyRoom } from './body-room.ts';
import { createDeadline, createWorkBudget, DeadlineError } from './deadline.ts';
import { decodeReview, DecodeError } from './decode.ts';
import type { AdmissionHandler, Outcome } from './handler.ts';
import { createInFlight, OverloadError, type InFlight } from './in-flight.ts';
import { createShedLog, recordDecision, recordRejection, type ShedLog } from './record.ts';
import { encodeReview, errored } from './response.ts';
import { createTurn, type Turn } from './turn.ts';

export interface ListenerDeps {
  readonly validate: AdmissionHandler;
  readonly mutate: AdmissionHandler;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Makes a span of each request; absent where nothing is traced. */
  readonly traced?:
    ((webhook: string, headers: Headers, work: () => Promise<AdmissionObservation>) => Promise<void>) | undefined;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  /** Requests worked on at a time, at most; more are refused with 429. {@link MAX_IN_FLIGHT} unless said otherwise. */
  readonly maxInFlight?: number;
}

type Headers = IncomingMessage['headers'];

export const MAX_IN_FLIGHT = 200;

export const PATHS = { validate: '/validate', mutate: '/mutate' } as const;
export type Webhook = keyof typeof PATHS;

export function createAdmissionListener(deps: ListenerDeps): RequestListener {
  const turn = createTurn(deps.clock);
  const app = createApp(turn);
  const budgetOf = createWorkBudget();
  const serving = {
    ...deps,
    turn,
    inFlight: createInFlight(deps.maxInFlight ?? MAX_IN_FLIGHT, deps.clock),
    room: createBodyRoom(),
    shed: createShedLog(deps, deps.clock),
  };
  return (request, response) => {
    const url = request.url ?? '/';
    const query = url.indexOf('?');
    const path = query < 0 ? url : url.slice(0, query);
    const webhook = path === PATHS.validate ? 'validate' : path === PATHS.mutate ? 'mutate' : undefined;
    if (webhook === undefined || request.method !== 'POST') {
      app(request, response);
      return;
    }
    const budget = budgetOf(query < 0 ? '' : url.slice(query));
    const work = (): Promise<AdmissionObservation> => serve(webhook, request, response, budget, serving);
    void (deps.traced === undefined ? work() : deps.traced(webhook, request.headers, work));
  };
}

function createApp(turn: Turn): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing'); // as the dispatch in front of it
  app.all(Object.values(PATHS), (_request, response) => {
    response.setHeader('Allow', 'POST');
    void sendError(turn, response, 405, 'MethodNotAllowed', 'only POST is answered here');
  });
  app.use((request, response) => {
    void sendError(
      turn,
      response,
      404,
      'NotFound',
      `there is nothing at ${request.path.slice(0, 200)}; admission is at ${Object.values(PATHS).join(' and ')}`,
    );
  });
  return app;
}

interface Serving extends ListenerDeps {
  readonly turn: Turn;
  readonly inFlight: InFlight;
  readonly room: BodyRoom;
  readonly shed: ShedLog;
}

/** Answers always, and exactly once: this is the one place where a fault of ours is caught. */
async function serve(
  webhook: Webhook,
  request: IncomingMessage,
  response: ServerResponse,
  budgetMs: number,
  deps: Serving,
): Promise<AdmissionObservation> {
  const start = deps.clock();
  deps.metrics.started();
  const seconds = (): number => (deps.clock() - start) / 1000;
  let decoded: AdmissionRequest | undefined;
  try {
    assertJson(request);
    if (deps.inFlight.full()) {
      throw new OverloadError('server');
    }
    const body = await readBody(request, BODY_LIMIT, deps.room);
    await deps.turn.arrived(body.length);
    const review = decodeReview(body);
    decoded = review;
    const place = deps.inFlight.enter(review.namespace, body.length);
    if (place === undefined) {
      throw new OverloadError('namespace');
    }
    let outcome: Outcome;
    try {
      const deadline = createDeadline(budgetMs);
      const found = deps[webhook](review, deadline);
      outcome = found instanceof Promise ? await deadline.bound(found) : found;
    } finally {
      place.leave(); // before the answer leaves: those of one turn must not take each other's places
    }
    await send(deps.turn, response, review.uid, outcome);
    return recordDecision(webhook, review, outcome, seconds(), deps);
  } catch (error) {
    const failure = describe(error);
    const uid = decoded?.uid ?? (error instanceof DecodeError ? error.uid : '');
    await sendError(deps.turn, response, failure.status, failure.reason, failure.message, uid);
    return recordRejection(webhook, uid, decoded, failure.status, error, seconds(), deps);
  }
}

function assertJson(request: IncomingMessage): void {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new DecodeError('NOT_JSON', `Content-Type is "${type.slice(0, 80)}"; expected application/json`);
  }
}

interface Failure {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

function describe(error: unknown): Failure {
  if (error instanceof DecodeError) {
    return { status: error.status, reason: 'BadRequest', message: error.message };
  }
  if (error instanceof BodyTooLargeError) {
    return { status: 413, reason: 'RequestEntityTooLarge', message: error.message };
  }
  if (error instanceof HungUpError) {
    return { status: 400, reason: 'BadRequest', message: error.message };
  }
  if (error instanceof BodyDroppedError) {
    return { status: 408, reason: 'Timeout', message: error.message };
  }
  if (error instanceof OverloadError) {
    return { status: 429, reason: 'TooManyRequests', message: error.message };
  }
  if (error instanceof DeadlineError) {
    return { status: 503, reason: 'ServiceUnavailable', message: error.message };
  }
  // What went wrong inside is for the log; the caller learns that it was us.
  return { status: 500, reason: 'InternalError', message: 'internal error' };
}

function send(turn: Turn, response: ServerResponse, uid: string, outcome: Outcome): Promise<void> {
  if (outcome.kind === 'undecided') {
    const reason = outcome.code === 500 ? 'InternalError' : 'ServiceUnavailable';
    return sendError(turn, response, outcome.code, reason, outcome.why, uid);
  }
  return turn.send(response, 200, encodeReview(outcome.response));
}

function sendError(
  turn: Turn,
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  uid = '',
): Promise<void> {
  if (response.destroyed || response.headersSent) {
    return Promise.resolve(); // the caller has hung up
  }
  if (code === 413 || code === 408) {
    response.setHeader('Connection', 'close'); // the rest of the body is not read
  }
  if (code === 429) {
    response.setHeader('Retry-After', '1'); // the API server's client does so, as long as the webhook's timeout allows
  }
  return turn.send(response, code, encodeReview(errored(uid, code, reason, message)));
}
