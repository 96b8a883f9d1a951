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
  /** Told from now on of what happens. While nobody is, it is not opened again where the server closes it. */
  tell(listener: Listener | undefined): void;
  /** Whether the server has closed it while nobody was told, or said that it would have by now. */
  over(): boolean;
  close(): void;
}

export interface Listener {
  readonly answered: (connection: Connection, answer: Answer) => void;
  /** Open for the first time, or again after the server had closed it. */
  readonly opened: (connection: Connection) => void;
  readonly failed: (connection: Connection, error: Error) => void;
}

export interface ConnectionOptions {
  readonly port: number;
  readonly ca: string;
  readonly listener: Listener;
}

/** Milliseconds before a server closes what is idle, by its own word. Whoever sends as it does so gets no answer. */
const MARGIN = 1000;
/** Milliseconds that a server is trusted to wait where it does not say: controller-runtime's closes after 90 s. */
const UNSAID = 60_000;
const HEADER_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = Buffer.from('0\r\n\r\n');

export function openConnection({ port, ca, listener: first }: ConnectionOptions): Connection {
  let listener: Listener | undefined = first;
  let socket: TLSSocket | undefined;
  let ready = false;
  let waiting = false;
  let closed = false;
  let received: Buffer | undefined;
  let header = '';
  let answeredAt = 0;

  const connection: Connection = {
    send: (request) => {
      waiting = true;
      socket?.write(request);
    },
    free: () => ready && !waiting,
    tell: (next) => {
      listener = next;
    },
    over: () => closed || performance.now() - answeredAt > keptFor(header) - MARGIN,
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
      header = ''; // what the server said of the one before
      listener?.opened(connection);
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
      if (listener === undefined) {
        closed = true;
        return;
      }
      if (waiting) {
        waiting = false;
        listener.failed(connection, error);
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
    header = received.toString('latin1', 0, headerEnd).toLowerCase();
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
    answeredAt = performance.now();
    if (header.includes('\r\nconnection: close')) {
      // The server wants another connection: the next request waits until there is one.
      const old = socket;
      socket = undefined;
      ready = false;
      old?.destroy();
      open();
    }
    listener?.answered(connection, answer);
  }

  open();
  return connection;
}

/** Milliseconds that the server keeps an idle connection, from the head of an answer; RFC 9112 leaves it to the server. */
function keptFor(header: string): number {
  if (header === '') {
    return Infinity; // not asked yet
  }
  const seconds = /\r\nkeep-alive:.*timeout=(\d+)/.exec(header)?.[1];
  return seconds === undefined ? UNSAID : Number(seconds) * 1000;
}
