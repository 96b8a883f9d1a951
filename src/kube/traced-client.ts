/** The client by which rules are answered, with a span for every call: what was asked for, never which object. */
import type { ApiRequest, KubeClient } from './client.ts';

export interface ReadSpans {
  /** Makes the call within a span, where a request is being traced. */
  read<T>(read: { readonly verb: string; readonly resource: string }, call: () => Promise<T>): Promise<T>;
}

export function createTracedClient(client: KubeClient, spans: ReadSpans): KubeClient {
  return { ...client, request: (call) => spans.read(describe(call), () => client.request(call)) };
}

/** `/api/v1/namespaces/n/configmaps/c` is a get of configmaps, `/api/v1/namespaces/n` one of namespaces. */
function describe({ method, path }: ApiRequest): { readonly verb: string; readonly resource: string } {
  const parts = path.replace(/^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)\//, '').split('/');
  const [resource = '', name] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts;
  const verb = method === 'GET' ? (name === undefined ? 'list' : 'get') : method === 'POST' ? 'create' : method;
  return { verb: verb.toLowerCase(), resource };
}
