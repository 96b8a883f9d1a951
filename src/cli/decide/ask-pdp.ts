/** Asks an HTTP decision point as the proxy does: POST, 200 and `{"allow": bool}`; whatever else comes back denies. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { at, isJsonObject } from '../../api/json.ts';
import type { PdpRequest } from '../../authorizers/index.ts';

export type PdpReply = { readonly allow: boolean } | { readonly fault: string };
export type AskPdp = (question: PdpRequest) => Promise<PdpReply>;

/** Bytes; an answer is a dozen. */
const MAX_REPLY = 64 * 1024;

/** Keeps its connections; `close` ends them. */
export function createAskPdp(): { readonly ask: AskPdp; close(): void } {
  const agents = [new HttpAgent({ keepAlive: true }), new HttpsAgent({ keepAlive: true })] as const;
  return {
    ask: async (question) => {
      try {
        return reply(await post(question, agents));
      } catch (error) {
        return { fault: `authorization failed: ${error instanceof Error ? error.message : String(error)}` };
      }
    },
    close: () => {
      agents.forEach((agent) => {
        agent.destroy();
      });
    },
  };
}

interface Received {
  readonly status: number;
  readonly body: string;
}

function post(
  { url, body, timeoutMs, insecure }: PdpRequest,
  [http, https]: readonly [HttpAgent, HttpsAgent],
): Promise<Received> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  const options = { method: 'POST', headers, signal: AbortSignal.timeout(timeoutMs) };
  return new Promise((resolve, reject) => {
    const onResponse = (response: IncomingMessage): void => {
      receive(response).then(resolve, reject);
    };
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, agent: https, rejectUnauthorized: !insecure }, onResponse)
      : httpRequest(url, { ...options, agent: http }, onResponse);
    request.on('error', reject).end(body);
  });
}

async function receive(response: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REPLY) {
      response.destroy();
      throw new Error(`the decision point's answer is longer than ${String(MAX_REPLY)} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}

function reply({ status, body }: Received): PdpReply {
  if (status !== 200) {
    return { fault: `authorization failed: PDP server returned status ${String(status)}` };
  }
  const value = parsed(body);
  const allow = at(value, 'allow') ?? false;
  return isJsonObject(value) && typeof allow === 'boolean'
    ? { allow }
    : { fault: 'authorization failed: failed to parse decision response' };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
