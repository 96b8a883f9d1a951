/**
 * HTTP/1.1 over TLS for load: several connections, each with several requests on their way (pipelining), and next to no
 * work per answer. What a closed connection leaves unanswered is asked again on one of its own, with nothing before it: Node's
 * server closes a connection over TLS where answers wait for a slow one before them while more requests come (it takes its own
 * pause of the parser, HPE_PAUSED, for a parse error). The API server never sends a request before the last one is answered.
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
  /** Undefined where it is for one request alone. */
  readonly slot: number | undefined;
  readonly waiting: Waiting[];
  rest: Buffer;
}

const ATTEMPTS = 3;
const HEAD_END = Buffer.from('\r\n\r\n');

export function openPipeline({ port, ca, connections }: PipelineOptions): Pipeline {
  const open: (Connection | undefined)[] = Array.from({ length: connections }, () => undefined);
  const all = new Set<Connection>();
  let turn = 0;
  let closed = false;

  function start(slot: number | undefined): Connection {
    const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' });
    const fresh: Connection = { socket, slot, waiting: [], rest: Buffer.alloc(0) };
    all.add(fresh);
    socket.on('data', (chunk: Buffer) => {
      receive(fresh, chunk);
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      abandon(fresh);
    });
    return fresh;
  }

  function receive(to: Connection, chunk: Buffer): void {
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
      const status = Number(head.slice(9, 12));
      if (to.slot !== undefined && status === 400 && length === 0) {
        abandon(to); // Node's own, as it closes. To a request that is alone it would be a fault, and is told as one
        return;
      }
      to.waiting.shift()?.resolve({ status, head, body });
      if (to.slot === undefined || /\r\nconnection: close/i.test(head)) {
        abandon(to);
        return;
      }
    }
  }

  function abandon(left: Connection): void {
    all.delete(left);
    if (left.slot !== undefined && open[left.slot] === left) {
      open[left.slot] = undefined;
    }
    left.socket.destroy();
    for (const waiting of left.waiting.splice(0)) {
      send(waiting, undefined);
    }
  }

  function send(waiting: Waiting, slot: number | undefined): void {
    if (closed || waiting.attempts >= ATTEMPTS) {
      waiting.reject(new Error(`unanswered by ${String(waiting.attempts)} connections`));
      return;
    }
    waiting.attempts += 1;
    const chosen = slot === undefined ? start(undefined) : (open[slot] ??= start(slot));
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
      all.forEach(({ socket }) => socket.destroy());
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
