/**
 * HTTP/1.1 over TLS for load: several connections, each with several requests on their way (pipelining), and next to no
 * work per answer. What a closed connection leaves unanswered is asked again on a new one.
 */
import { connect, type TLSSocket } from 'node:tls';

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

export interface Pipeline {
  /** Rejects where a request was left unanswered by three connections. */
  ask(request: Buffer): Promise<RawAnswer>;
  close(): void;
}

export interface PipelineOptions {
  readonly port: number;
  readonly ca: string;
  readonly connections: number;
}

interface Waiting {
  readonly request: Buffer;
  readonly resolve: (answer: RawAnswer) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
}

interface Connection {
  readonly socket: TLSSocket;
  readonly waiting: Waiting[];
  rest: Buffer;
}

const ATTEMPTS = 3;
const HEAD_END = Buffer.from('\r\n\r\n');

export function openPipeline({ port, ca, connections }: PipelineOptions): Pipeline {
  const open: (Connection | undefined)[] = Array.from({ length: connections }, () => undefined);
  let turn = 0;
  let closed = false;

  function connection(slot: number): Connection {
    const known = open[slot];
    if (known !== undefined) {
      return known;
    }
    const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' });
    const fresh: Connection = { socket, waiting: [], rest: Buffer.alloc(0) };
    open[slot] = fresh;
    socket.on('data', (chunk: Buffer) => {
      receive(fresh, chunk, slot);
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      abandon(fresh, slot);
    });
    return fresh;
  }

  function receive(to: Connection, chunk: Buffer, slot: number): void {
    to.rest = to.rest.length === 0 ? chunk : Buffer.concat([to.rest, chunk]);
    for (;;) {
      const headEnd = to.rest.indexOf(HEAD_END);
      if (headEnd < 0) {
        return;
      }
      const head = to.rest.toString('latin1', 0, headEnd);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const end = headEnd + HEAD_END.length + length;
      if (to.rest.length < end) {
        return;
      }
      const body = to.rest.subarray(end - length, end);
      to.rest = to.rest.subarray(end);
      to.waiting.shift()?.resolve({ status: Number(head.slice(9, 12)), head, body });
      if (/\r\nconnection: close/i.test(head)) {
        abandon(to, slot);
        return;
      }
    }
  }

  function abandon(left: Connection, slot: number): void {
    if (open[slot] === left) {
      open[slot] = undefined;
    }
    left.socket.destroy();
    // On the one that takes its place: the others, asked in turn, come to their last answer at about the same time.
    for (const waiting of left.waiting.splice(0)) {
      send(waiting, slot);
    }
  }

  function send(waiting: Waiting, slot: number): void {
    if (closed || waiting.attempts >= ATTEMPTS) {
      waiting.reject(new Error(`unanswered by ${String(waiting.attempts)} connections`));
      return;
    }
    waiting.attempts += 1;
    const chosen = connection(slot);
    chosen.waiting.push(waiting);
    chosen.socket.write(waiting.request);
  }

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        turn += 1;
        send({ request, resolve, reject, attempts: 0 }, turn % connections);
      }),
    close: () => {
      closed = true;
      open.forEach((each) => each?.socket.destroy());
    },
  };
}

export interface Message {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
}

export function encodeRequest({ method, path, contentType, body }: Message): Buffer {
  const type = contentType === '' ? '' : `Content-Type: ${contentType}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${type}Content-Length: ${String(body.length)}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}
