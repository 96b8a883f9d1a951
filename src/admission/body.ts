import type { IncomingMessage } from 'node:http';

/**
 * Bytes. An AdmissionReview carries the object twice, each at most 3 MiB by the API server's own request limit
 * (k8s.io/apiserver, MaxRequestBodyBytes), and its envelope.
 */
export const BODY_LIMIT = 8 * 1024 * 1024;

export class BodyTooLargeError extends Error {
  readonly code = 'BODY_TOO_LARGE';
}

/** The whole body. Stops reading at the limit, so that a body without end costs no memory. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    reject(new BodyTooLargeError(`the body is larger than ${String(limit)} bytes`));
    return promise;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) {
      request.removeAllListeners('data');
      request.pause();
      reject(new BodyTooLargeError(`the body is larger than ${String(limit)} bytes`));
      return;
    }
    chunks.push(chunk);
  });
  request.on('end', () => {
    resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  });
  request.on('error', reject);
  request.on('close', () => {
    if (request.readableEnded) {
      return; // as every request ends: the stack of an error for nobody would cost more than a rule
    }
    reject(new Error('the connection was closed before the body was complete'));
  });
  return promise;
}
