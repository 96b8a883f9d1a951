/** HTTPS for admission and plain HTTP for health, as things that start and stop. */
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  readonly address: string;
  /** 0 takes a free one; {@link RunningServer.port} tells which. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: TlsMaterial & { readonly minVersion: 'TLSv1.2' | 'TLSv1.3' };
}

export interface RunningServer {
  readonly port: number;
  listening(): boolean;
  /** Takes no new connections, lets requests in progress finish, then closes what is idle. */
  stop(): Promise<void>;
}

/**
 * Milliseconds. The API server keeps an idle connection for 90 s (Go's default); whoever closes first while the other
 * sends makes that request fail, so it must not be us.
 */
const KEEP_ALIVE = 120_000;
/** A body that takes longer than any webhook may take is not worth waiting for. */
const REQUEST_TIMEOUT = 30_000;
const IDLE_SWEEP = 50;

/** Rejects with the system's error where the port cannot be had. */
export async function startServer(listener: RequestListener, options: ServerOptions): Promise<RunningServer> {
  const server: Server =
    options.tls === undefined ? createHttpServer(listener) : createHttpsServer({ ...options.tls }, listener);
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
  return {
    port: (server.address() as AddressInfo).port, // listening on TCP, so it is one
    listening: () => server.listening,
    stop: () =>
      new Promise((resolve) => {
        // A connection whose request was in progress becomes idle later and would keep the server open till it times out.
        const sweep = setInterval(() => {
          server.closeIdleConnections();
        }, IDLE_SWEEP);
        server.close(() => {
          clearInterval(sweep);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
