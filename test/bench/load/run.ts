/** Sends one load and measures it. */
import { reviewsOf } from '../reviews.ts';
import { openConnection, type Answer, type Connection } from './connection.ts';
import { latencyOf } from './percentiles.ts';
import type { AtRate, FlatOut, LoadResult, LoadTask, Target } from './task.ts';

/** Different requests of one kind; each is sent many times. */
const DISTINCT = 64;
const ALLOWED = Buffer.from('"allowed":true');
/** After the last request was due, or the time was up. */
const PATIENCE_MS = 5000;

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
  let running = false;
  const send = (connection: Connection): void => {
    if (!running || !connection.free()) {
      return; // asked again when it is open
    }
    sentAt.set(connection, performance.now());
    connection.send(requests[next++ % requests.length] ?? Buffer.alloc(0));
  };
  const all = await openAll(connections, target, {
    answered: (connection, answer) => {
      if (!running) {
        return;
      }
      const now = performance.now();
      samples.push(now - (sentAt.get(connection) ?? now));
      failures.check(answer);
      if (now - startedAt >= seconds * 1000) {
        running = false;
        end(undefined);
        return;
      }
      send(connection);
    },
    opened: send,
    failed: (_connection, error) => {
      failures.note(error.message);
    },
  });
  running = true;
  startedAt = performance.now();
  all.forEach(send);
  await within(seconds * 1000 + PATIENCE_MS, over);
  const took = (performance.now() - startedAt) / 1000;
  all.forEach((connection) => {
    connection.close();
  });
  return result(Float64Array.from(samples), took, failures);
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
  const all = await openAll(connections, target, {
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
  const startedAt = performance.now();
  /** Spins rather than sleeps: a timer's millisecond would be as long as what is measured. The core is the load's own. */
  const tick = (): void => {
    const now = performance.now();
    while (sent < total) {
      const due = startedAt + (sent * 1000) / perSecond;
      const free = now >= due ? all.find((connection) => connection.free()) : undefined;
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
  await within(seconds * 1000 + PATIENCE_MS, over).catch(() => {
    // It does not keep up. Whoever still waits has waited so long at least.
    const now = performance.now();
    for (let late = finished; late < total; late += 1) {
      samples[late] = now - startedAt - (late * 1000) / perSecond;
    }
    sent = total;
  });
  const took = (performance.now() - startedAt) / 1000;
  finished = total;
  all.forEach((connection) => {
    connection.close();
  });
  return result(samples, took, failures);
}

type Handlers = Pick<Parameters<typeof openConnection>[0], 'answered' | 'opened' | 'failed'>;

/** Opened before the clock starts: handshakes are no part of what a kept-alive connection costs. */
async function openAll(count: number, { port, ca }: Target, handlers: Handlers): Promise<readonly Connection[]> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let open = 0;
  const all = Array.from({ length: count }, () =>
    openConnection({
      ...{ port, ca },
      ...handlers,
      opened: (connection) => {
        open += 1;
        if (open === count) {
          resolve(undefined);
        }
        handlers.opened(connection);
      },
    }),
  );
  await within(PATIENCE_MS, promise);
  return all;
}

async function within(ms: number, awaited: Promise<undefined>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`the server did not keep up: no end within ${String(ms / 1000)} s`));
  }, ms);
  try {
    await Promise.race([awaited, promise]);
  } finally {
    clearTimeout(timer);
  }
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
