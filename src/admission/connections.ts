/**
 * The connections of a server: kept alive, but not for ever, so that load spreads to replicas that came later; let go of
 * gently, because whoever closes a connection while the other side sends makes that request fail; and no more of them
 * than there is memory for: where one too many comes, the one that is least likely to be missed makes room.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Requests after which the answer asks the caller to open another connection. */
  readonly maxRequests: number;
  /** Milliseconds after which it does so. */
  readonly maxAgeMs: number;
  /** Open at a time, handshakes included. */
  readonly maxOpen: number;
}

export interface Connections {
  opened(socket: Socket): void;
  /** The TLS handshake of a connection that was opened has succeeded: from now on it is known by this socket. */
  secured(socket: Socket): void;
  /** To be called before the request is answered. */
  requested(request: IncomingMessage, response: ServerResponse): void;
  /** From now on every answer is the last one of its connection. */
  drain(): void;
  /** Closes what has been idle for that long; how many connections are left. */
  closeIdle(idleMs: number): number;
  /** Milliseconds since there was a connection: 0 while there is one, Infinity where there never was. */
  quietMs(): number;
}

interface Connection {
  socket: Socket;
  readonly until: number;
  requests: number;
  inFlight: number;
  /** The one that came last, while it is not answered: where it is not complete, the caller is not waiting for us. */
  request: IncomingMessage | undefined;
  usedAt: number;
}

export function createConnections(limits: ConnectionLimits, clock: () => number): Connections {
  const bySocket = new Map<Socket, Connection>();
  const handshaking = new Map<string, Connection>();
  let draining = false;
  let lastClosedAt = -Infinity;

  function makeRoom(): void {
    const [first, ...others] = [...bySocket.values()].filter((connection) => expendable(connection) > 0);
    const least = others.reduce<Connection | undefined>(
      (found, next) => (found === undefined || comesBefore(next, found) ? next : found),
      first,
    );
    least?.socket.destroy();
  }

  return {
    opened: (socket) => {
      if (bySocket.size >= limits.maxOpen) {
        makeRoom();
      }
      // Not all at once: connections that were opened together are not renewed together.
      const until = clock() + limits.maxAgeMs * (0.8 + 0.4 * Math.random());
      const connection: Connection = { socket, until, usedAt: clock(), requests: 0, inFlight: 0, request: undefined };
      const peer = peerOf(socket);
      bySocket.set(socket, connection);
      handshaking.set(peer, connection);
      socket.once('close', () => {
        handshaking.delete(peer);
        bySocket.delete(socket);
        bySocket.delete(connection.socket);
        lastClosedAt = clock();
      });
    },
    secured: (socket) => {
      const connection = handshaking.get(peerOf(socket));
      if (connection !== undefined) {
        bySocket.delete(connection.socket);
        connection.socket = socket;
        bySocket.set(socket, connection);
      }
    },
    requested: (request, response) => {
      const connection = bySocket.get(request.socket);
      if (connection === undefined) {
        return;
      }
      connection.requests += 1;
      connection.inFlight += 1;
      connection.request = request;
      if (draining || connection.requests >= limits.maxRequests || clock() >= connection.until) {
        response.shouldKeepAlive = false; // answers "Connection: close"
      }
      response.on('close', () => {
        connection.inFlight -= 1;
        connection.usedAt = clock();
        if (connection.request === request) {
          connection.request = undefined; // with its body, for as long as the connection is idle
        }
      });
    },
    drain: () => {
      draining = true;
    },
    closeIdle: (idleMs) => {
      for (const { socket, requests, inFlight, usedAt } of bySocket.values()) {
        if (inFlight === 0 && clock() - usedAt >= idleMs) {
          if (requests === 0) {
            socket.destroy(); // half of a handshake cannot be ended politely
          } else {
            socket.end();
          }
        }
      }
      return bySocket.size;
    },
    quietMs: () => (bySocket.size > 0 ? 0 : clock() - lastClosedAt),
  };
}

/** Whoever never asked anything goes first, then whoever sends a body without an end, then whoever has nothing to ask. */
function expendable({ requests, inFlight, request }: Connection): number {
  if (requests === 0) {
    return 3;
  }
  if (inFlight > 0) {
    return request?.complete === false ? 2 : 0;
  }
  return 1;
}

function comesBefore(one: Connection, other: Connection): boolean {
  const difference = expendable(one) - expendable(other);
  return difference > 0 || (difference === 0 && one.usedAt < other.usedAt);
}

function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${String(remotePort)}`;
}
