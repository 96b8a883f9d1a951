/** Callers that do not speak HTTP as they should, or say nothing at all, and an honest one among them. */
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { encodeRequest, openPipeline, type Pipeline } from './pipeline.ts';
import { recording } from './requests/recorded.ts';
import { createFailures, MEGABYTE, megabytes, type Section, type TortureOptions } from './section.ts';
import { startTarget, type Target } from './target-process.ts';

/** The webhook's timeout: an honest request is answered in time whatever others do. */
const HONEST_WITHIN_MS = 10_000;
/** Connections of each kind of attack. */
const ATTACKERS = 100;
/** Dialled at a time, so that it is not the backlog that is tested. */
const DIALLED = 100;
const IDLE = 10_000;
const TOLERANCE = 16 * MEGABYTE;
/** What may be there of bodies while it lasts: those that are coming, and those that are worked on. */
const ROOM_FOR_BODIES = 2 * 64 * MEGABYTE;
const LARGE_BODY = 4_000_000;

export const sockets: Section = async (options) => {
  const failures = createFailures();
  const target = await startTarget();
  const figures: Record<string, number | string> = {};
  try {
    await honest(target, 5);
    const before = await target.measure();
    let most = 0;
    for (const [name, attack] of Object.entries(ATTACKS)) {
      options.progress(`sockets: ${name}`);
      const { slowest, resident, heap } = await underAttack(target, attack, options);
      figures[`${name}: slowest honest answer (ms)`] = slowest;
      most = Math.max(most, resident);
      if (slowest > HONEST_WITHIN_MS) {
        failures.add(`${name}: an honest request took ${String(slowest)} ms`);
      }
      if (heap - before.heap > ROOM_FOR_BODIES + TOLERANCE) {
        failures.add(
          `${name}: ${String(megabytes(heap))} MB are held, ${String(megabytes(before.heap))} MB were before`,
        );
      }
    }
    const after = await target.measure();
    figures['resident at most (MB)'] = megabytes(most);
    figures['heap before (MB)'] = megabytes(before.heap);
    figures['heap after (MB)'] = megabytes(after.heap);
    figures['file descriptors before'] = before.descriptors;
    figures['file descriptors after'] = after.descriptors;
    if (after.heap - before.heap > TOLERANCE) {
      failures.add(`the heap grew from ${String(megabytes(before.heap))} to ${String(megabytes(after.heap))} MB`);
    }
    after.errors.forEach(failures.add);
  } catch (error) {
    failures.add(target.death() ?? String(error));
  }
  await target.stop();
  return { section: 'sockets', figures, failures: failures.list() };
};

/** Opens what it likes; hands back what to close. */
type Attack = (target: Target, options: TortureOptions) => Promise<readonly Socket[]>;

const HEAD = 'POST /validate?timeout=10s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

const ATTACKS: Readonly<Record<string, Attack>> = {
  'bytes that are no TLS': (target) =>
    many(ATTACKERS, async () => {
      const socket = await plain(target);
      socket.write(Buffer.alloc(4096, 0x16));
      return socket;
    }),
  'handshakes never begun': (target) => many(ATTACKERS, () => plain(target)),
  'headers that never end': (target) => many(ATTACKERS, () => say(target, `${HEAD}X-A: b\r\n`)),
  'a flood of headers': (target) =>
    many(ATTACKERS, () =>
      say(target, HEAD + Array.from({ length: 3000 }, (_, i) => `X-${String(i)}: ${'y'.repeat(100)}\r\n`).join('')),
    ),
  'bodies that never come': (target) => many(ATTACKERS, () => say(target, `${HEAD}Content-Length: 100000\r\n\r\n`)),
  'bodies that stop half-way': (target) =>
    many(ATTACKERS, () => say(target, `${HEAD}Content-Length: 4000000\r\n\r\n${'x'.repeat(1_000_000)}`)),
  'idle after a large body': (target) => many(ATTACKERS, () => answered(target, largeBody()), 4),
  'chunks without end': (target) =>
    many(ATTACKERS / 10, () =>
      say(target, `${HEAD}Transfer-Encoding: chunked\r\n\r\n${`10000\r\n${'x'.repeat(65536)}\r\n`.repeat(160)}`),
    ),
  'chunks of one byte': (target) =>
    many(ATTACKERS / 10, () => say(target, `${HEAD}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(5000)}`)),
  'two lengths of one body': (target) =>
    many(ATTACKERS, () => say(target, `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /`)),
  'half-closed after the request': (target) =>
    many(ATTACKERS, async () => {
      const socket = await say(target, `${HEAD}Content-Length: 2\r\n\r\n{}`);
      socket.end();
      return socket;
    }),
  'answers that are not read': (target) =>
    many(ATTACKERS / 10, async () => {
      const socket = await say(target, `${HEAD}Content-Length: 2\r\n\r\n{}`.repeat(500));
      socket.pause();
      return socket;
    }),
  'reset in the middle': (target) =>
    many(ATTACKERS, async () => {
      const socket = await plain(target);
      connect({ socket, ca: target.ca, servername: 'localhost' })
        .on('error', () => undefined)
        .write(`${HEAD}Content-Length: 100\r\n\r\n{"a":`, () => socket.resetAndDestroy());
      return socket;
    }),
  'ten thousand connections that say nothing': (target) => many(IDLE, () => plain(target)),
  'idle connections after their handshake': (target, { idleConnections }) =>
    many(idleConnections, () => secure(target)),
};

interface Endured {
  /** Milliseconds of the slowest honest answer: on a connection that was there before, and on new ones. */
  readonly slowest: number;
  /** Bytes of the whole process while it lasts. */
  readonly resident: number;
  /** Bytes of it that are in use. */
  readonly heap: number;
}

async function underAttack(target: Target, attack: Attack, options: TortureOptions): Promise<Endured> {
  const before = openPipeline({ port: target.port, ca: target.ca, connections: 1 });
  await ask(before);
  const opening = attack(target, options);
  const during = await honest(target, 3);
  const opened = await opening;
  const slowest = Math.max(during, await honest(target, 5), await ask(before));
  const { resident, heap } = await target.measure();
  before.close();
  opened.forEach((socket) => socket.destroy());
  if (target.death() !== undefined) {
    throw new Error(target.death());
  }
  return { slowest: Math.round(slowest), resident, heap };
}

async function honest(target: Target, times: number): Promise<number> {
  let slowest = 0;
  for (let time = 0; time < times; time += 1) {
    const pipeline = openPipeline({ port: target.port, ca: target.ca, connections: 1 });
    slowest = Math.max(slowest, await ask(pipeline));
    pipeline.close();
  }
  return slowest;
}

const HONEST = encodeRequest({
  method: 'POST',
  path: '/validate?timeout=10s',
  contentType: 'application/json',
  body: Buffer.from(JSON.stringify(recording().reviews.at(-1))),
});

async function ask(pipeline: Pipeline): Promise<number> {
  const started = performance.now();
  const { status } = await pipeline.ask(HONEST);
  if (status !== 200) {
    throw new Error(`an honest request was answered ${String(status)}`);
  }
  return performance.now() - started;
}

/** @param atOnce of them are opened at a time. */
async function many(count: number, open: () => Promise<Socket>, atOnce = DIALLED): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (let opened = 0; opened < count; opened += atOnce) {
    const next = Array.from({ length: Math.min(atOnce, count - opened) }, open);
    sockets.push(...(await Promise.all(next)));
  }
  return sockets;
}

function plain({ port }: Target): Promise<Socket> {
  return dialled(connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true }), 'connect');
}

function secure({ port, ca }: Target): Promise<TLSSocket> {
  return dialled(connect({ port, host: '127.0.0.1', ca, servername: 'localhost' }), 'secureConnect');
}

/** Also where it was refused: whoever attacks takes what comes. */
function dialled<T extends Socket>(socket: T, event: string): Promise<T> {
  socket.on('error', () => undefined);
  socket.resume();
  return new Promise((resolve) => {
    const done = (): void => {
      resolve(socket);
    };
    socket.once(event, done).once('close', done);
  });
}

async function say(target: Target, text: string): Promise<TLSSocket> {
  const socket = await secure(target);
  socket.write(text, 'latin1');
  return socket;
}

function largeBody(): string {
  return `${HEAD}Content-Length: ${String(LARGE_BODY)}\r\n\r\n${'x'.repeat(LARGE_BODY)}`;
}

/** Waits for what is said to it, and says nothing more. */
async function answered(target: Target, text: string): Promise<TLSSocket> {
  const socket = await say(target, text);
  await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  return socket;
}
