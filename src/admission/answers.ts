/**
 * Answers that are ready in one turn of the event loop leave together, at its end. Each one sent alone wakes the caller,
 * who sleeps again before the next; woken once it finds them all, and both sides spend less on it (docs/performance.md).
 */
import type { ServerResponse } from 'node:http';

export interface Answers {
  /** JSON, whole. */
  send(response: ServerResponse, status: number, body: string): void;
}

/** Milliseconds. In a turn of many large requests the first answer does not wait for the last. */
const LONGEST_WAIT = 1;

/** @param clock in milliseconds. */
export function createAnswers(clock: () => number): Answers {
  let waiting: { readonly response: ServerResponse; readonly body: string }[] = [];
  let since = 0;

  function leave(): void {
    const all = waiting;
    waiting = [];
    for (const { response, body } of all) {
      response.end(body);
    }
  }

  return {
    send: (response, status, body) => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      waiting.push({ response, body });
      if (waiting.length === 1) {
        since = clock();
        setImmediate(leave);
      } else if (clock() - since >= LONGEST_WAIT) {
        leave();
      }
    },
  };
}
