/**
 * Stands between our server and the real API server, reads what goes through, and misbehaves when it is told to: it
 * delays, refuses, resets, holds watches back, or lets something happen right before or right after a write.
 */
import { createServer, request as httpsRequest, Agent } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { issueCa, issueServing } from '../../src/certs/issue.ts';
import { status } from './fault-server.ts';

export interface Call {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
  /** Ends its connection as a crash of the other end does. */
  reset(): void;
}

/** `forward` lets the call through; `answered`, where given, is told that it was done, and then nobody else is. */
export type ProxyFault = (call: Call, response: ServerResponse, forward: (answered?: () => void) => void) => void;

export interface FaultProxy {
  /** The same kubeconfig, but through here. */
  kubeconfig(file: string): string;
  /** Asked for every call from now on; undefined lets all pass. */
  interfere(fault: ProxyFault | undefined): void;
  /** Holds back what watches tell; let go again, nothing of it is lost. */
  holdWatches(hold: boolean): void;
  /** Ends every open connection as a crash of the other end does. */
  reset(): void;
  close(): Promise<void>;
}

const HOUR = 3600_000;

interface KubeconfigFile {
  readonly clusters: readonly { cluster: { server: string; 'certificate-authority-data': string } }[];
}

export async function startFaultProxy(original: string): Promise<FaultProxy> {
  const [target] = read(original).clusters;
  const upstream = new URL(target?.cluster.server ?? '');
  const ca = Buffer.from(target?.cluster['certificate-authority-data'] ?? '', 'base64').toString();
  const agent = new Agent({ keepAlive: true, ca });
  const now = new Date();
  const own = await issueCa({ commonName: 'fault proxy', lifetimeMs: HOUR, now });
  const leaf = await issueServing({ ca: own, ipAddresses: ['127.0.0.1'], lifetimeMs: HOUR, now });
  /** By the caller's port: below TLS, where a connection can be reset. */
  const sockets = new Map<number, Socket>();
  const watches = new Set<IncomingMessage>();
  let fault: ProxyFault | undefined;
  let held = false;

  const forwarded = (incoming: IncomingMessage, response: ServerResponse, answered?: () => void): void => {
    const { method, url: path, headers } = incoming;
    const outgoing = httpsRequest({
      ...{ host: upstream.hostname, port: upstream.port, agent, method, path },
      headers: { ...headers, host: upstream.host },
    });
    outgoing.on('response', (answer) => {
      if (answered !== undefined) {
        answer.resume();
        answered();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      if (isWatch(path)) {
        watches.add(answer);
        answer.once('close', () => watches.delete(answer));
        if (held) {
          hold(answer);
        }
      }
      answer.on('error', () => response.destroy());
    });
    outgoing.on('error', () => incoming.socket.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
  const server = createServer({ cert: leaf.cert, key: leaf.key }, (incoming, response) => {
    const url = new URL(incoming.url ?? '/', upstream);
    const call = {
      ...{ method: incoming.method ?? '', path: url.pathname, query: url.searchParams },
      watch: isWatch(incoming.url),
      reset: () => sockets.get(incoming.socket.remotePort ?? 0)?.resetAndDestroy(),
    };
    const forward = (answered?: () => void): void => {
      forwarded(incoming, response, answered);
    };
    (fault ?? pass)(call, response, forward);
  });
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.on('close', () => sockets.delete(port));
    socket.on('error', () => socket.destroy());
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    kubeconfig: (file) => {
      const config = read(file);
      for (const { cluster } of config.clusters) {
        cluster.server = url;
        cluster['certificate-authority-data'] = Buffer.from(own.cert).toString('base64');
      }
      const copy = `${file}.proxy`;
      writeFileSync(copy, JSON.stringify(config), { mode: 0o600 });
      return copy;
    },
    interfere: (next) => {
      fault = next;
    },
    holdWatches: (next) => {
      held = next;
      watches.forEach(held ? hold : (watch) => watch.resume());
    },
    reset: () => {
      sockets.forEach((socket) => socket.resetAndDestroy());
    },
    close: () => {
      sockets.forEach((socket) => socket.destroy());
      agent.destroy();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

const pass: ProxyFault = (_call, _response, forward) => {
  forward();
};

export const resetAll: ProxyFault = (call) => {
  call.reset();
};

export const silence: ProxyFault = () => undefined;

export function refuseAll(code: number, reason: string, headers: Readonly<Record<string, string>> = {}): ProxyFault {
  return (_call, response) => {
    const body = status(code, reason, `the test answers ${String(code)}`);
    response.writeHead(code, { 'Content-Type': 'application/json', ...headers }).end(body);
  };
}

export function slow(ms: number): ProxyFault {
  return (_call, _response, forward) => {
    setTimeout(forward, ms);
  };
}

/** The first call that `wanted` names sets off `happen`: before it is let through, which it then is not, or after. */
export function interrupt(moment: 'before' | 'after', wanted: (call: Call) => boolean, happen: () => void): ProxyFault {
  let done = false;
  return (call, _response, forward) => {
    if (done || !wanted(call)) {
      forward();
      return;
    }
    done = true;
    if (moment === 'before') {
      happen();
    } else {
      forward(happen);
    }
  };
}

function hold(answer: IncomingMessage): void {
  answer.pause();
}

function isWatch(url: string | undefined): boolean {
  return /[?&]watch=(true|1)/.test(url ?? '');
}

function read(file: string): KubeconfigFile {
  return JSON.parse(readFileSync(file, 'utf8')) as KubeconfigFile; // written by ourselves
}
