/**
 * Calls to the API server: kubeconfig and authentication by the official client, requests over one kept-alive agent.
 * The official client's own requests open a TLS connection each (docs/adr/0009-kubernetes-client.md).
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { ApiError, apiErrorFrom, unreachable } from './errors.ts';

export interface KubeConfigOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** A named kubeconfig, else the usual places: KUBECONFIG, ~/.kube/config, the pod's own ServiceAccount. */
export function loadKubeConfig({ kubeconfig, context }: KubeConfigOptions): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined) {
    config.loadFromDefault();
  } else {
    config.loadFromFile(kubeconfig);
  }
  if (context !== undefined) {
    config.setCurrentContext(context);
  }
  if (config.getCurrentCluster() === null) {
    throw new Error(
      `no cluster: ${context === undefined ? 'the kubeconfig names no current context' : `the kubeconfig has no context "${context}"`}`,
    );
  }
  return config;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** application/json unless said otherwise; a PATCH must say which kind it is. */
  readonly contentType?: string;
  /** Media types in the order of preference; application/json unless said otherwise. */
  readonly accept?: string;
  /** Of a read, where the API server asks for another try (Retry-After); 10 unless said otherwise. */
  readonly attempts?: number;
  /** Asked at the very moment of sending; where it says no nothing is sent (API_FENCED). */
  readonly fence?: () => boolean;
  readonly signal?: AbortSignal;
}

export interface KubeClient {
  /** The decoded body of a 2xx answer. @throws ApiError otherwise. */
  request(call: ApiRequest): Promise<unknown>;
  /** The answer of a 2xx as it arrives, for watches. @throws ApiError otherwise. */
  stream(call: ApiRequest): Promise<IncomingMessage>;
  close(): void;
}

/** Bytes. A page of 500 objects, each at etcd's limit, would be more; lists ask for pages that stay far below. */
const RESPONSE_LIMIT = 64 * 1024 * 1024;

/** Of a read that the API server asks to be tried again; the caller's signal ends it sooner. */
const ATTEMPTS = 10;
const LONGEST_PAUSE_MS = 1000;

/** A connection unused for this long is given up: it may have died without a word, and the next call would hang on it. */
const IDLE_MS = 30_000;

export function createKubeClient(config: KubeConfig): KubeClient {
  const server = config.getCurrentCluster()?.server ?? '';
  const secure = server.startsWith('https:');
  let agent: { readonly identity: string; readonly agent: HttpAgent } | undefined;

  /** Credentials are asked for every call, because tokens rotate; connections are kept while they stay the same. */
  async function authenticated(): Promise<RequestOptions> {
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    if (config.getCurrentCluster()?.proxyUrl !== undefined) {
      return options; // the official client's agent knows how to get through
    }
    const tls = { ca, cert, key, servername, rejectUnauthorized };
    const identity = Object.values(tls).map(String).join('\n');
    if (agent?.identity !== identity) {
      agent?.agent.destroy();
      const kept = { keepAlive: true, keepAliveMsecs: 15_000, timeout: IDLE_MS };
      agent = { identity, agent: secure ? new HttpsAgent(Object.assign(defined(tls), kept)) : new HttpAgent(kept) };
    }
    return { headers: options.headers, auth: options.auth, agent: agent.agent };
  }

  async function open(call: ApiRequest): Promise<IncomingMessage> {
    const url = new URL(`${server.replace(/\/$/, '')}${call.path}`);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      url.searchParams.set(name, value);
    }
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const { headers, ...options } = await authenticated();
    if (call.fence?.() === false) {
      throw new ApiError('API_FENCED', 0, 'nothing was sent: this replica does not lead any more');
    }
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        {
          ...options,
          method: call.method,
          signal: call.signal,
          headers: Object.assign(
            { Accept: call.accept ?? 'application/json', 'User-Agent': 'mcp-authz-webhook' },
            body === undefined
              ? {}
              : { 'Content-Type': call.contentType ?? 'application/json', 'Content-Length': String(body.length) },
            headers,
          ),
        },
        resolve,
      );
      request.on('error', (error) => {
        reject(unreachable(error));
      });
      request.end(body);
    });
  }

  async function stream(call: ApiRequest): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await open(call);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status <= 299) {
        return response;
      }
      const body = decode(await readAll(response));
      const asked = retryAfterMs(response);
      if (asked === undefined || call.method !== 'GET' || attempt >= (call.attempts ?? ATTEMPTS)) {
        throw apiErrorFrom(status, body, asked);
      }
      await sleep(
        Math.min(asked, LONGEST_PAUSE_MS),
        undefined,
        call.signal === undefined ? {} : { signal: call.signal },
      );
    }
  }

  return {
    stream,
    request: async (call) => decode(await readAll(await stream(call))),
    close: () => {
      agent?.agent.destroy();
    },
  };
}

/**
 * Milliseconds, where the API server asks for another try: it is throttling, or the watch cache of a kind that was just
 * installed is not filled yet ("storage is (re)initializing").
 */
function retryAfterMs({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers['retry-after'] ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function defined<T extends object>(options: T): Partial<T> {
  // Object.fromEntries loses the type; only undefined values are gone.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > RESPONSE_LIMIT) {
        throw new ApiError('API_TOO_LARGE', 200, `the answer is larger than ${String(RESPONSE_LIMIT)} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ApiError ? error : unreachable(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // a proxy in between answers in its own words
  }
}
