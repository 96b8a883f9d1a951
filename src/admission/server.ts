/** HTTPS for admission and plain HTTP for health, as things that start and stop. */
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createConnections, type ConnectionLimits } from './connections.ts';

export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

export interface TlsOptions {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Absent: handshakes fail until {@link RunningServer.secure}. */
  readonly material?: TlsMaterial | undefined;
  /** PEM: callers must show a certificate that one of these signed. */
  readonly clientCa?: string | undefined;
}

export interface ServerOptions {
  readonly address: string;
  /** 0 takes a free one; {@link RunningServer.port} tells which. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: TlsOptions;
  readonly connections?: Partial<ConnectionLimits>;
}

export interface RunningServer {
  readonly port: number;
  /** False as soon as it is to stop. */
  listening(): boolean;
  /** New connections are served with this from now on; those that are open stay. */
  secure(material: TlsMaterial): void;
  /** Answers what comes on open connections for a moment longer, each answer its connection's last; then closes. */
  stop(): Promise<void>;
}

/**
 * Milliseconds. The API server keeps an idle connection for 90 s (Go's default); whoever closes first while the other
 * sends makes that request fail, so it must not be us.
 */
const KEEP_ALIVE = 120_000;
/** A body that takes longer than any webhook may take is not worth waiting for. */
const REQUEST_TIMEOUT = 30_000;
/** Who connects and says nothing must not keep us from ending. */
const HANDSHAKE_TIMEOUT = 10_000;
const IDLE_SWEEP = 50;
/** Where callers keep coming nevertheless, the port is closed after this long. */
const DRAIN_LIMIT = 10_000;
/** A connection in use is asked again within this, and then ends by its answer; one that is not is closed by us. */
const IDLE_BEFORE_CLOSE = 1000;
const CONNECTIONS: ConnectionLimits = { maxRequests: 10_000, maxAgeMs: 300_000, maxOpen: 1000 };

/** Rejects with the system's error where the port cannot be had. */
export async function startServer(listener: RequestListener, options: ServerOptions): Promise<RunningServer> {
  const connections = createConnections({ ...CONNECTIONS, ...options.connections }, () => performance.now());
  const counted: RequestListener = (request, response) => {
    connections.requested(request, response);
    listener(request, response);
  };
  const { tls } = options;
  const https = tls === undefined ? undefined : createHttpsServer(httpsOptions(tls), counted);
  const server: Server | HttpsServer = https ?? createHttpServer(counted);
  server.on('connection', (socket: Socket) => {
    connections.opened(socket);
  });
  server.on('secureConnection', (socket: Socket) => {
    connections.secured(socket);
  });
  server.keepAliveTimeout = KEEP_ALIVE;
  server.headersTimeout = KEEP_ALIVE + 5_000;
  server.requestTimeout = REQUEST_TIMEOUT;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // Between two connections there may be a moment with none, while callers are still sent here.
  const gone = (idleMs: number): boolean => connections.closeIdle(idleMs) === 0 && connections.quietMs() >= idleMs;
  let stopping = false;
  return {
    port: (server.address() as AddressInfo).port, // listening on TCP, so it is one
    listening: () => server.listening && !stopping,
    secure: (material) => {
      if (tls !== undefined) {
        https?.setSecureContext(contextOf(tls, material));
      }
    },
    stop: async () => {
      stopping = true;
      connections.drain();
      const idleMs = https === undefined ? 0 : IDLE_BEFORE_CLOSE;
      const until = performance.now() + DRAIN_LIMIT;
      await every(IDLE_SWEEP, () => gone(idleMs) || performance.now() > until);
      let closed = false;
      server.close(() => {
        closed = true;
      });
      await every(IDLE_SWEEP, () => connections.closeIdle(0) === 0 && closed);
    },
  };
}

function httpsOptions(tls: TlsOptions): object {
  const required = tls.clientCa !== undefined;
  const clients = { requestCert: required, rejectUnauthorized: required };
  return { ...contextOf(tls, tls.material), ...clients, handshakeTimeout: HANDSHAKE_TIMEOUT };
}

/** Whole each time: what is left out of a new context does not stay as it was. */
function contextOf({ minVersion, clientCa }: TlsOptions, material: TlsMaterial | undefined): object {
  return { minVersion, ...(clientCa === undefined ? {} : { ca: clientCa }), ...material };
}

/**
 * Looks when the sockets have been read since it was time to, not at that time: where the process was busy for long,
 * requests that have arrived are still unread then, and their connections seem idle.
 */
function every(ms: number, finished: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (finished()) {
        clearInterval(timer);
        resolve();
      }
    };
    const readThenLook = (): NodeJS.Immediate => setImmediate(look);
    const timer = setInterval(readThenLook, ms);
    setImmediate(readThenLook);
  });
}
