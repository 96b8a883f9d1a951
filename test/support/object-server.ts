/** A small HTTP server that keeps objects by path, with optimistic locking as the API server has it. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isJsonObject, stringAt, type JsonObject } from '../../src/api/json.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { answer, clientOf, status, type Fault } from './fault-server.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  readonly body: JsonObject;
}

export interface ObjectServer {
  readonly client: KubeClient;
  readonly received: readonly Received[];
  readonly objects: Map<string, JsonObject>;
  /** The next requests of that method are answered so. */
  readonly next: (method: string, ...faults: readonly Fault[]) => void;
  readonly close: () => Promise<void>;
}

export async function startObjectServer(): Promise<ObjectServer> {
  const objects = new Map<string, JsonObject>();
  const received: Received[] = [];
  const faults = new Map<string, Fault[]>();
  let version = 0;
  const store = (path: string, object: JsonObject): string => {
    version += 1;
    const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
    const stored = { ...object, metadata: { ...metadata, resourceVersion: String(version) } };
    objects.set(path, stored);
    return JSON.stringify(stored);
  };
  const usual = ({ method, path, body }: Received): Fault => {
    const known = objects.get(path);
    const asked = stringAt(body, 'metadata', 'resourceVersion');
    if (method === 'POST') {
      const created = `${path}/${stringAt(body, 'metadata', 'name') ?? ''}`;
      return objects.has(created)
        ? answer(409, status(409, 'AlreadyExists', `${created} exists`))
        : answer(201, store(created, body));
    }
    if (known === undefined) {
      return answer(404, status(404, 'NotFound', `${path} not found`, { name: path.split('/').pop() ?? '' }));
    }
    if (method === 'GET') {
      return answer(200, JSON.stringify(known));
    }
    if (asked !== undefined && asked !== stringAt(known, 'metadata', 'resourceVersion')) {
      return answer(409, status(409, 'Conflict', 'the object has been modified'));
    }
    if (method === 'DELETE') {
      objects.delete(path);
      return answer(200, status(200, '', ''));
    }
    return answer(200, store(path, method === 'PUT' ? body : { ...known, ...body, metadata: known['metadata'] }));
  };
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const call: Received = {
        method: request.method ?? '',
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        contentType: request.headers['content-type'],
        body,
      };
      received.push(call);
      (faults.get(call.method)?.shift() ?? usual(call))(response, url);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const client = clientOf(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  return {
    ...{ client, received, objects },
    next: (method, ...more) => {
      faults.set(method, [...(faults.get(method) ?? []), ...more]);
    },
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

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}
