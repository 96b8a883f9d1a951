import type { IncomingMessage } from 'node:http';
import type { BodyRoom, OpenBody } from './body-room.ts';

/**
 * Bytes. An AdmissionReview carries the object twice, each at most 3 MiB by the API server's own request limit
 * (k8s.io/apiserver, MaxRequestBodyBytes), and its envelope.
 */
export const BODY_LIMIT = 8 * 1024 * 1024;

export class BodyTooLargeError extends Error {
  readonly code = 'BODY_TOO_LARGE';
}

export class BodyDroppedError extends Error {
  readonly code = 'BODY_DROPPED';
}

/** Nobody is there any more to be answered. */
export class HungUpError extends Error {
  readonly code = 'HUNG_UP';
}

/** The whole body. Stops reading at the limit, so that a body without end costs no memory. */
export function readBody(request: IncomingMessage, limit: number, room: BodyRoom): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // 0 where the end of the body is told by the end of its chunks.
  const expected = Number(request.headers['content-length'] ?? 0);
  if (expected > limit) {
    reject(new BodyTooLargeError(`the body is larger than ${String(limit)} bytes`));
    return promise;
  }
  let chunks: Buffer[] = [];
  let length = 0;
  let open: OpenBody | undefined;
  const giveUp = (error: Error): void => {
    chunks = [];
    request.removeAllListeners('data');
    request.pause();
    reject(error);
  };
  const complete = (): void => {
    open?.close();
    resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  };
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) {
      open?.close();
      giveUp(new BodyTooLargeError(`the body is larger than ${String(limit)} bytes`));
      return;
    }
    chunks.push(chunk);
    if (length === expected) {
      complete(); // most come whole, and have never been open
      return;
    }
    open ??= room.open(() => {
      giveUp(new BodyDroppedError('the body did not come in time, and its room was needed'));
    });
    open.received(chunk.length);
  });
  if (expected === 0) {
    request.on('end', complete);
  }
  const hungUp = (cause?: Error): void => {
    open?.close();
    if (!request.readableEnded) {
      reject(new HungUpError('the connection was closed before the body was complete', { cause }));
    }
  };
  request.on('error', hungUp);
  request.on('close', hungUp);
  return promise;
}
