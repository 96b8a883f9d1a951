/** Sends one load and measures it. */
import { reviewsOf } from '../reviews.ts';
import type { Answer, Connection } from './connection.ts';
import { createIdle } from './idle.ts';
import { restConnections, takeConnections } from './kept.ts';
import { latencyOf } from './percentiles.ts';
import type { AtRate, FlatOut, LoadResult, LoadTask, Target } from './task.ts';
import { PATIENCE_MS, within } from './within.ts';

/** Different requests of one kind; each is sent many times. */
const DISTINCT = 64;
const ALLOWED = Buffer.from('"allowed":true');

export async function runLoad(task: LoadTask): Promise<LoadResult> {
  const requests = reviewsOf(task.review, task.bytes, DISTINCT).map((review) => toRequest(task.target, review));
  return task.mode === 'flat out' ? flatOut(task, requests) : atRate(task, requests);
}

/** The headers of the API server's own client. */
function toRequest({ port, path }: Target, review: string): Buffer {
  const body = Buffer.from(review);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: localhost:${String(port)}`,
    'User-Agent: kube-apiserver-admission',
    `Content-Length: ${String(body.length)}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

interface Failures {
  readonly count: () => number;
  readonly texts: Set<string>;
  note(text: string): void;
  check(answer: Answer): void;
}

function createFailures(): Failures {
  let count = 0;
  const texts = new Set<string>();
  const note = (text: string): void => {
    count += 1;
    if (texts.size < 5) {
      texts.add(text.slice(0, 500));
    }
  };
  return {
    count: () => count,
    texts,
    note,
    check: ({ status, body }) => {
      if (status !== 200 || !body.includes(ALLOWED)) {
        note(`HTTP ${String(status)} ${body.toString()}`);
      }
    },
  };
}

async function flatOut({ target, seconds, connections }: FlatOut, requests: readonly Buffer[]): Promise<LoadResult> {
  const failures = createFailures();
  const samples: number[] = [];
  const sentAt = new Map<Connection, number>();
  const { promise: over, resolve: end } = Promise.withResolvers<undefined>();
  let next = 0;
  let startedAt = 0;
  let endedAt = 0;
  const running = (): boolean => startedAt > 0 && endedAt === 0;
  let all: readonly Connection[] = [];
  const send = (connection: Connection): void => {
    if (endedAt > 0 && all.every((each) => each.free())) {
      end(undefined);
    }
    if (!running() || !connection.free()) {
      return; // asked again when it is open
    }
    sentAt.set(connection, performance.now());
    connection.send(requests[next++ % requests.length] ?? Buffer.alloc(0));
  };
  all = await takeConnections(connections, target, {
    answered: (connection, answer) => {
      const now = performance.now();
      if (running()) {
        samples.push(now - (sentAt.get(connection) ?? now));
        failures.check(answer);
        if (now - startedAt >= seconds * 1000) {
          endedAt = now;
        }
      }
      send(connection);
    },
    opened: send,
    failed: (_connection, error) => {
      failures.note(error.message);
    },
  });
  startedAt = performance.now();
  all.forEach(send);
  try {
    await within(over, seconds * 1000 + PATIENCE_MS);
  } finally {
    restConnections(target, all);
  }
  return result(Float64Array.from(samples), (endedAt - startedAt) / 1000, failures);
}

async function atRate(task: AtRate, requests: readonly Buffer[]): Promise<LoadResult> {
  const { target, seconds, connections, perSecond } = task;
  const failures = createFailures();
  const total = Math.max(1, Math.round(perSecond * seconds));
  const samples = new Float64Array(total);
  const dueAt = new Map<Connection, number>();
  const { promise: over, resolve: end } = Promise.withResolvers<undefined>();
  let finished = 0;
  let sent = 0;
  const finish = (): void => {
    finished += 1;
    if (finished === total) {
      end(undefined);
    }
  };
  const all = await takeConnections(connections, target, {
    answered: (connection, answer) => {
      samples[finished] = performance.now() - (dueAt.get(connection) ?? 0);
      failures.check(answer);
      finish();
    },
    opened: () => undefined,
    failed: (connection, error) => {
      samples[finished] = performance.now() - (dueAt.get(connection) ?? 0);
      failures.note(error.message);
      finish();
    },
  });
  const idleUntil = createIdle();
  const startedAt = performance.now();
  const dueOf = (request: number): number => startedAt + (request * 1000) / perSecond;
  /** Spins rather than sleeps: a timer's millisecond would be as long as what is measured. The core is the load's own. */
  const tick = (): void => {
    if (sent < total && all.every((connection) => connection.free())) {
      idleUntil(dueOf(sent)); // no answer can arrive
    }
    const now = performance.now();
    while (sent < total) {
      const due = dueOf(sent);
      const free = now >= due ? all.find((connection) => connection.free() && !connection.over()) : undefined;
      if (free === undefined) {
        break;
      }
      dueAt.set(free, due);
      free.send(requests[sent % requests.length] ?? Buffer.alloc(0));
      sent += 1;
    }
    if (finished < total) {
      setImmediate(tick);
    }
  };
  tick();
  await within(over, seconds * 1000 + PATIENCE_MS).catch(() => {
    // It does not keep up. Whoever still waits has waited so long at least.
    const now = performance.now();
    for (let late = finished; late < total; late += 1) {
      samples[late] = now - dueOf(late);
    }
    sent = total;
  });
  const took = (performance.now() - startedAt) / 1000;
  finished = total;
  restConnections(target, all);
  return result(samples, took, failures);
}

function result(samples: Float64Array, seconds: number, failures: Failures): LoadResult {
  return {
    requests: samples.length,
    perSecond: samples.length / seconds,
    latency: latencyOf(samples),
    failures: [...failures.texts],
    failed: failures.count(),
  };
}
