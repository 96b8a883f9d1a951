/** A collector as far as tests need one: takes OTLP/HTTP in JSON and shows what came. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** From the OTLP specification, only what is looked at. Timestamps are nanoseconds. */
interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly ExportedAttribute[];
  readonly status: { readonly code: number };
}

interface ExportedAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number; readonly doubleValue?: number };
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly ExportedAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of the process that sent it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OtlpReceiver {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  /** All that was received, as it came. */
  readonly text: () => string;
  /** From now on answered with this status. */
  readonly answer: (status: number) => void;
  readonly exports: () => number;
  /** Of the last export. */
  readonly headers: () => IncomingHttpHeaders;
  readonly close: () => Promise<void>;
}

const FAILED = 2;

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const texts: string[] = [];
  let status = 200;
  let exports = 0;
  let headers: IncomingHttpHeaders = {};
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      exports += 1;
      headers = request.headers;
      const known = request.url === '/v1/traces' && request.headers['content-type'] === 'application/json';
      if (known && status === 200) {
        texts.push(body.toString());
        spans.push(...received(JSON.parse(body.toString()) as Export));
      }
      response.writeHead(known ? status : 404, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    spans,
    text: () => texts.join('\n'),
    answer: (next) => {
      status = next;
    },
    exports: () => exports,
    headers: () => headers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function received({ resourceSpans }: Export): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name, kind, attributes, status }) => ({
        ...{ traceId, spanId, parentSpanId, name, kind },
        failed: status.code === FAILED,
        attributes: record(attributes),
        resource: record(resource.attributes),
      })),
    ),
  );
}

function record(attributes: readonly ExportedAttribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
