/**
 * One kept-alive HTTP/1.1 connection over TLS that sends requests made beforehand and reads no more of an answer than
 * must be read. An ordinary HTTP client costs more per request than the servers that are measured here, and would be what
 * is measured (docs/adr/0025-own-load-generator.md).
 */
import { connect, type TLSSocket } from 'node:tls';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export interface Connection {
  /** One at a time. */
  send(request: Buffer): void;
  /** Open, and waiting for nothing. */
  free(): boolean;
  close(): void;
}

export interface ConnectionOptions {
  readonly port: number;
  readonly ca: string;
  readonly answered: (connection: Connection, answer: Answer) => void;
  /** Open for the first time, or again after the server had closed it. */
  readonly opened: (connection: Connection) => void;
  readonly failed: (connection: Connection, error: Error) => void;
}

const HEADER_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = Buffer.from('0\r\n\r\n');

export function openConnection({ port, ca, answered, opened, failed }: ConnectionOptions): Connection {
  let socket: TLSSocket | undefined;
  let ready = false;
  let waiting = false;
  let closed = false;
  let received: Buffer | undefined;

  const connection: Connection = {
    send: (request) => {
      waiting = true;
      socket?.write(request);
    },
    free: () => ready && !waiting,
    close: () => {
      closed = true;
      socket?.destroy();
    },
  };

  function open(): void {
    received = undefined;
    const own = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ALPNProtocols: ['http/1.1'] });
    socket = own;
    own.setNoDelay(true);
    own.once('secureConnect', () => {
      ready = true;
      opened(connection);
    });
    own.on('data', read);
    own.once('error', (error: Error) => {
      end(error);
    });
    own.once('close', () => {
      end(new Error('the connection was closed in the middle'));
    });

    function end(error: Error): void {
      if (socket !== own || closed) {
        return;
      }
      socket = undefined;
      ready = false;
      if (waiting) {
        waiting = false;
        failed(connection, error);
      }
      open();
    }
  }

  function read(chunk: Buffer): void {
    received = received === undefined ? chunk : Buffer.concat([received, chunk]);
    const headerEnd = received.indexOf(HEADER_END);
    if (headerEnd < 0) {
      return;
    }
    const header = received.toString('latin1', 0, headerEnd).toLowerCase();
    const length = /\r\ncontent-length: *(\d+)/.exec(header)?.[1];
    const complete =
      length === undefined
        ? received.subarray(-CHUNKS_END.length).equals(CHUNKS_END)
        : received.length >= headerEnd + HEADER_END.length + Number(length);
    if (!complete) {
      return;
    }
    const answer = { status: Number(header.slice(9, 12)), body: received.subarray(headerEnd + HEADER_END.length) };
    received = undefined;
    waiting = false;
    if (header.includes('\r\nconnection: close')) {
      // The server wants another connection: the next request waits until there is one.
      const old = socket;
      socket = undefined;
      ready = false;
      old?.destroy();
      open();
    }
    answered(connection, answer);
  }

  open();
  return connection;
}
