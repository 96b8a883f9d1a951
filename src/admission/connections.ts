/**
 * The connections of a server: kept alive, but not for ever, so that load spreads to replicas that came later; and let
 * go of gently, because whoever closes a connection while the other side sends makes that request fail.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Requests after which the answer asks the caller to open another connection. */
  readonly maxRequests: number;
  /** Milliseconds after which it does so. */
  readonly maxAgeMs: number;
}

export interface Connections {
  opened(socket: Socket): void;
  /** To be called before the request is answered. */
  requested(request: IncomingMessage, response: ServerResponse): void;
  /** From now on every answer is the last one of its connection. */
  drain(): void;
  /** Closes what has been idle for that long; how many connections are left. */
  closeIdle(idleMs: number): number;
}

interface Connection {
  readonly until: number;
  requests: number;
  inFlight: number;
  usedAt: number;
}

export function createConnections({ maxRequests, maxAgeMs }: ConnectionLimits, clock: () => number): Connections {
  const connections = new Map<Socket, Connection>();
  let draining = false;
  return {
    opened: (socket) => {
      // Not all at once: connections that were opened together are not renewed together.
      const until = clock() + maxAgeMs * (0.8 + 0.4 * Math.random());
      connections.set(socket, { until, requests: 0, inFlight: 0, usedAt: clock() });
      socket.once('close', () => connections.delete(socket));
    },
    requested: ({ socket }, response) => {
      const connection = connections.get(socket);
      if (connection === undefined) {
        return;
      }
      connection.requests += 1;
      connection.inFlight += 1;
      if (draining || connection.requests >= maxRequests || clock() >= connection.until) {
        response.shouldKeepAlive = false; // answers "Connection: close"
      }
      response.once('close', () => {
        connection.inFlight -= 1;
        connection.usedAt = clock();
      });
    },
    drain: () => {
      draining = true;
    },
    closeIdle: (idleMs) => {
      for (const [socket, { inFlight, usedAt }] of connections) {
        if (inFlight === 0 && clock() - usedAt >= idleMs) {
          socket.end();
        }
      }
      return connections.size;
    },
  };
}
