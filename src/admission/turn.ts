/**
 * Requests that arrive in one turn of the event loop go through it together: all are judged one after the other, then all
 * answers leave, then each is written down. Code that has just run is still in the caches of the core, which is worth a tenth
 * of a small request (docs/adr/0044-a-request-without-detours.md); and answers that leave one by one wake a caller each, who
 * sleeps again before the next (docs/adr/0038-answers-leave-together.md).
 */
import type { ServerResponse } from 'node:http';

export interface Turn {
  /** A request has come, with a body of so many bytes. Resolves when it is to be judged. */
  arrived(bytes: number): Promise<undefined>;
  /** JSON, whole. Resolves when it has left: what need not be done before, the caller does not wait for. */
  send(response: ServerResponse, status: number, body: string): Promise<undefined>;
}

interface Answer {
  readonly response: ServerResponse;
  readonly body: string;
  readonly left: (none: undefined) => void;
}

/** Milliseconds. In a turn of many requests the first does not wait for the last. */
const LONGEST_WAIT = 1;
/** Bytes of bodies that wait for the end of a turn. What is large gains nothing by it, and would be held for nothing. */
const MOST_BYTES = 128 * 1024;

/** @param clock in milliseconds. */
export function createTurn(clock: () => number): Turn {
  let waiting: ((none: undefined) => void)[] = [];
  let bytes = 0;
  let answers: Answer[] = [];
  /** Whether the end of this turn is awaited, and whether answers leave as soon as what is known at once was judged. */
  let due = false;
  let leaving = false;
  /** When the first of those that wait began to. */
  let since = 0;

  const late = (): boolean => clock() - since >= LONGEST_WAIT;

  function awaitEnd(): void {
    if (!due) {
      due = true;
      since = clock();
      setImmediate(() => {
        due = false;
        judge();
      });
    }
  }

  function judge(): void {
    const all = waiting;
    waiting = [];
    bytes = 0;
    since = clock();
    for (const go of all) {
      go(undefined);
    }
    leaving = true;
    // A tick that is asked for among promises comes after all of them.
    queueMicrotask(() => {
      process.nextTick(leave);
    });
  }

  function leave(): void {
    const all = answers;
    answers = [];
    leaving = false;
    since = clock();
    for (const { response, body, left } of all) {
      response.end(body);
      left(undefined);
    }
  }

  return {
    arrived: (size) => {
      awaitEnd();
      const { promise, resolve } = Promise.withResolvers<undefined>();
      waiting.push(resolve);
      bytes += size;
      if (bytes >= MOST_BYTES || late()) {
        judge();
      }
      return promise;
    },
    send: (response, status, body) => {
      if (!leaving) {
        awaitEnd();
      }
      response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      const { promise, resolve } = Promise.withResolvers<undefined>();
      answers.push({ response, body, left: resolve });
      if (late()) {
        leave();
      }
      return promise;
    },
  };
}
