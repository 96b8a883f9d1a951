/**
 * Answers that are ready in one turn of the event loop leave together, at its end. Each one sent alone wakes the caller,
 * who sleeps again before the next; woken once it finds them all, and both sides spend less on it (docs/performance.md).
 */
import type { ServerResponse } from 'node:http';

export interface Answers {
  /** JSON, whole. Resolves when it has left: what need not be done before, the caller does not wait for. */
  send(response: ServerResponse, status: number, body: string): Promise<void>;
}

interface Waiting {
  readonly response: ServerResponse;
  readonly body: string;
  readonly left: (none: undefined) => void;
}

/** Milliseconds. In a turn of many large requests the first answer does not wait for the last. */
const LONGEST_WAIT = 1;

/** @param clock in milliseconds. */
export function createAnswers(clock: () => number): Answers {
  let waiting: Waiting[] = [];
  let since = 0;

  function leave(): void {
    const all = waiting;
    waiting = [];
    for (const { response, body, left } of all) {
      response.end(body);
      left(undefined);
    }
  }

  return {
    send: (response, status, body) => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      const { promise, resolve } = Promise.withResolvers<undefined>();
      waiting.push({ response, body, left: resolve });
      if (waiting.length === 1) {
        since = clock();
        setImmediate(leave);
      } else if (clock() - since >= LONGEST_WAIT) {
        leave();
      }
      return promise;
    },
  };
}
