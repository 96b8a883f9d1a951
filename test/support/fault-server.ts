/**
 * A small HTTP server that keeps objects, lists them in pages and watches them as the API server does, until it is told
 * to do something else: it is there to inject faults.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { createKubeClient, type KubeClient } from '../../src/kube/client.ts';

export type Sort = 'list' | 'watch' | 'other';
export type Fault = (response: ServerResponse, url: URL) => void;

export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { namespace: string; name: string; uid: string; resourceVersion: string };
  readonly spec: { readonly value: string };
}

export interface FaultServer {
  readonly url: string;
  readonly client: KubeClient;
  readonly requests: (sort: Sort) => readonly URL[];
  readonly put: (namespace: string, name: string, value: string) => void;
  readonly remove: (namespace: string, name: string) => void;
  /** Every watch older than now is 410 Gone. */
  readonly compact: () => void;
  /** Events are kept to itself from now on, as by a connection that is dead without a word. */
  readonly mute: (muted: boolean) => void;
  /** The next request of that sort is answered so; several stand in line. */
  readonly next: (sort: Sort, ...faults: readonly Fault[]) => void;
  /** Writes to every open watch. */
  readonly send: (data: string | Buffer) => void;
  readonly bookmark: () => void;
  /** Ends every open watch: politely, or by a reset. */
  readonly endWatches: (how: 'end' | 'reset') => void;
  readonly watches: () => number;
  readonly sockets: () => number;
  readonly close: () => Promise<void>;
}

const API = { apiVersion: 'toolhive.stacklok.dev/v1beta1', kind: 'MCPServer' };
export const COLLECTION = '/apis/toolhive.stacklok.dev/v1beta1/mcpservers';
const PAGE = 3;

export function status(code: number, reason: string, message: string, details: object = {}): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details });
}

export function answer(code: number, body: string, headers: Readonly<Record<string, string>> = {}): Fault {
  return (response) => {
    response.writeHead(code, { 'Content-Type': 'application/json', ...headers }).end(body);
  };
}

export const resetConnection: Fault = (response) => {
  response.socket?.resetAndDestroy();
};

export const neverAnswer: Fault = () => undefined;

export async function startFaultServer(): Promise<FaultServer> {
  const objects = new Map<string, StoredObject>();
  const history: { readonly version: number; readonly line: string }[] = [];
  const watches = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  const seen: { readonly sort: Sort; readonly url: URL }[] = [];
  const faults: Record<Sort, Fault[]> = { list: [], watch: [], other: [] };
  let version = 100;
  let oldest = 0;
  let muted = false;

  const record = (type: string, object: StoredObject): void => {
    const line = `${JSON.stringify({ type, object })}\n`;
    history.push({ version, line });
    if (!muted) {
      watches.forEach((watch) => watch.write(line));
    }
  };
  const list: Fault = (response, url) => {
    const [at = version, from = 0] = (url.searchParams.get('continue') ?? '').split('/').filter(Boolean).map(Number);
    const limit = Math.min(PAGE, Number(url.searchParams.get('limit') ?? PAGE));
    const all = [...objects.values()];
    const more = from + limit < all.length ? { continue: `${String(at)}/${String(from + limit)}` } : {};
    const items = all.slice(from, from + limit).map(({ metadata, spec }) => ({ metadata, spec }));
    const body = { ...API, kind: 'MCPServerList', metadata: { resourceVersion: String(at), ...more }, items };
    answer(200, JSON.stringify(body))(response, url);
  };
  const watch: Fault = (response, url) => {
    const from = Number(url.searchParams.get('resourceVersion'));
    if (from < oldest) {
      answer(410, status(410, 'Expired', 'too old resource version'))(response, url);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    watches.add(response);
    response.on('close', () => watches.delete(response));
    if (!muted) {
      history.filter((event) => event.version > from).forEach((event) => response.write(event.line));
    }
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const sort = url.pathname !== COLLECTION ? 'other' : url.searchParams.has('watch') ? 'watch' : 'list';
    seen.push({ sort, url });
    (faults[sort].shift() ?? { list, watch, other: answer(404, status(404, 'NotFound', 'not found')) }[sort])(
      response,
      url,
    );
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const client = clientOf(url);
  return {
    url,
    client,
    requests: (sort) => seen.filter((each) => each.sort === sort).map((each) => each.url),
    put: (namespace, name, value) => {
      version += 1;
      const known = objects.get(`${namespace}/${name}`);
      const uid = known?.metadata.uid ?? `uid-${String(version)}`;
      const object = { ...API, metadata: { namespace, name, uid, resourceVersion: String(version) }, spec: { value } };
      objects.set(`${namespace}/${name}`, object);
      record(known === undefined ? 'ADDED' : 'MODIFIED', object);
    },
    remove: (namespace, name) => {
      const known = objects.get(`${namespace}/${name}`);
      if (known !== undefined) {
        version += 1;
        objects.delete(`${namespace}/${name}`);
        record('DELETED', { ...known, metadata: { ...known.metadata, resourceVersion: String(version) } });
      }
    },
    compact: () => {
      oldest = version;
      history.length = 0;
    },
    mute: (now) => {
      muted = now;
    },
    next: (sort, ...more) => {
      faults[sort].push(...more);
    },
    send: (data) => {
      watches.forEach((open) => open.write(data));
    },
    bookmark: () => {
      const object = { ...API, metadata: { resourceVersion: String(version) } };
      watches.forEach((open) => open.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`));
    },
    endWatches: (how) => {
      watches.forEach((open) => (how === 'end' ? open.end() : open.socket?.resetAndDestroy()));
    },
    watches: () => watches.size,
    sockets: () => sockets.size,
    close: () => {
      client.close();
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

export function clientOf(server: string): KubeClient {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server, skipTLSVerify: true }],
    users: [{ name: 'u' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  return createKubeClient(config);
}
