/**
 * Stands in for the API server where a real one would take too long to fill, or would take the core that the load needs:
 * discovery, lists in pages, watches on which nothing but bookmarks comes, single objects. Writes are taken and forgotten. It runs as
 * a process of its own.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { parseArgs } from 'node:util';
import {
  CONFIG_RESOURCE,
  countOf,
  kindOf,
  numberOf,
  objectOf,
  RESOURCE_VERSION,
  WORKLOAD_RESOURCES,
  type Population,
} from './objects.ts';

const { values } = parseArgs({
  options: {
    'cert-file': { type: 'string', default: '' },
    'key-file': { type: 'string', default: '' },
    workloads: { type: 'string', default: '0' },
    configs: { type: 'string', default: '0' },
    // Whether somebody else holds the Lease, so that whoever asks stands by.
    'lease-taken': { type: 'boolean', default: false },
  },
});
const population: Population = { workloads: Number(values.workloads), configs: Number(values.configs) };

const GROUP = 'toolhive.stacklok.dev';
const VERSION = 'v1beta1';
const COLLECTION = new RegExp(`^/apis/${GROUP}/${VERSION}/([a-z]+)$`);
const OBJECT = new RegExp(`^/apis/${GROUP}/${VERSION}/namespaces/([^/]+)/([a-z]+)/([^/]+)(?:/status)?$`);
const LEASE = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/[^/]+\/leases\/([^/]+)$/;
/** Where Pepr keeps its state; it serves nothing before it has read it. */
const PEPR_STORES = '/apis/pepr.dev/v1/namespaces/pepr-system/peprstores';

/** By path: the Lease, once somebody created it. */
const stored = new Map<string, object>();
let version = Number(RESOURCE_VERSION);
let renewals = 0;

function answer(url: URL, method: string, body: Record<string, unknown>, response: ServerResponse): void {
  const { pathname: path, searchParams: query } = url;
  if (query.get('watch') === 'true') {
    watch(Number(query.get('timeoutSeconds') ?? 300), bookmark(path), response);
  } else if (method !== 'GET') {
    send(response, method === 'POST' ? 201 : 200, written(path, method, body));
  } else {
    const found = read(path, query);
    send(response, found === undefined ? 404 : 200, found ?? notFound(path));
  }
}

function read(path: string, query: URLSearchParams): object | undefined {
  const resource = COLLECTION.exec(path)?.[1];
  if (resource !== undefined) {
    return list(resource, query);
  }
  const [, namespace, type, name] = OBJECT.exec(path) ?? [];
  if (namespace !== undefined && type !== undefined && name !== undefined) {
    const number = numberOf(type, namespace, name);
    return number === undefined || number >= countOf(type, population) ? undefined : objectOf(type, number);
  }
  if (LEASE.test(path)) {
    return values['lease-taken'] ? takenLease() : stored.get(path);
  }
  return elsewhere(path);
}

function elsewhere(path: string): object | undefined {
  const namespace = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1];
  if (namespace !== undefined) {
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace }, status: { phase: 'Active' } };
  }
  if (/^\/api\/v1\/(?:namespaces\/[^/]+\/)?(?:pods|configmaps)$/.test(path)) {
    return listOf('v1', 'Object', []);
  }
  if (path.startsWith(PEPR_STORES)) {
    const name = path.slice(PEPR_STORES.length + 1) || 'pepr-bench-store';
    const store = {
      apiVersion: 'pepr.dev/v1',
      kind: 'PeprStore',
      metadata: { name, namespace: 'pepr-system' },
      data: {},
    };
    return path === PEPR_STORES ? listOf('pepr.dev/v1', 'PeprStore', [store]) : store;
  }
  if (path === `/apis/${GROUP}`) {
    return { kind: 'APIGroup', name: GROUP, versions: [{ groupVersion: `${GROUP}/${VERSION}`, version: VERSION }] };
  }
  return path === `/apis/${GROUP}/${VERSION}`
    ? { kind: 'APIResourceList', resources: [CONFIG_RESOURCE, ...WORKLOAD_RESOURCES].map((name) => ({ name })) }
    : undefined;
}

function list(resource: string, query: URLSearchParams): object {
  const total = countOf(resource, population);
  const from = Number(query.get('continue') ?? 0);
  const to = Math.min(total, from + Number(query.get('limit') ?? 500));
  const items = Array.from({ length: to - from }, (_, offset) => objectOf(resource, from + offset));
  return listOf(`${GROUP}/${VERSION}`, kindOf(resource), items, to < total ? String(to) : undefined);
}

function listOf(apiVersion: string, kind: string, items: readonly object[], next?: string): object {
  const metadata = { resourceVersion: RESOURCE_VERSION, ...(next === undefined ? {} : { continue: next }) };
  return { apiVersion, kind: `${kind}List`, metadata, items };
}

/** Renewed each time that it is looked at, as its holder would renew it meanwhile. */
function takenLease(): object {
  renewals += 1;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'lease', resourceVersion: String(renewals) },
    spec: { holderIdentity: 'another replica', leaseDurationSeconds: 15, renewTime: String(renewals) },
  };
}

/** As if it were stored. Only a Lease really is: its holder has to find it again. */
function written(path: string, method: string, body: Record<string, unknown>): object {
  version += 1;
  const known = read(path, new URLSearchParams()) ?? {};
  const metadata = { ...('metadata' in known ? (known.metadata as object) : {}), ...(body['metadata'] as object) };
  const object = { ...known, ...body, metadata: { ...metadata, resourceVersion: String(version) } };
  const name = 'name' in metadata ? String(metadata.name) : '';
  const place = method === 'POST' ? `${path}/${name}` : path;
  if (LEASE.test(place)) {
    stored.set(place, object);
  }
  return object;
}

/** As often as the API server sends one (k8s.io/apiserver, defaultBookmarkFrequency). Who hears nothing takes a watch for dead. */
const BOOKMARKS_MS = 60_000;

function watch(seconds: number, bookmarked: object, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  const line = `${JSON.stringify({ type: 'BOOKMARK', object: bookmarked })}\n`;
  const bookmarks = setInterval(() => response.write(line), BOOKMARKS_MS);
  const end = setTimeout(() => {
    clearInterval(bookmarks); // it may be due before the answer is closed
    response.end();
  }, seconds * 1000);
  response.on('close', () => {
    clearTimeout(end);
    clearInterval(bookmarks);
  });
}

function bookmark(path: string): object {
  const resource = COLLECTION.exec(path)?.[1];
  const type =
    resource === undefined
      ? { apiVersion: 'v1', kind: 'Object' }
      : { apiVersion: `${GROUP}/${VERSION}`, kind: kindOf(resource) };
  return { ...type, metadata: { resourceVersion: RESOURCE_VERSION } };
}

function notFound(path: string): object {
  return {
    ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' },
    message: `${path} not found`,
    details: { name: path.split('/').pop() },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
}

const tls = { cert: readFileSync(values['cert-file']), key: readFileSync(values['key-file']) };
const server = createServer(tls, (request, response) => {
  const url = new URL(request.url ?? '/', 'https://localhost');
  void bodyOf(request).then((body) => {
    answer(url, request.method ?? 'GET', body, response);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.on('disconnect', () => {
  server.closeAllConnections();
  server.close();
});
