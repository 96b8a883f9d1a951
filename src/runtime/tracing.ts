/**
 * Traces of admission requests, sent by OpenTelemetry to an OTLP/HTTP endpoint. Imported only where an endpoint is given
 * (docs/adr/0021-traces.md). A span says what the metrics say; never policy text, users, or what is in an object.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import type { Logger } from './logger.ts';
import type { AdmissionObservation } from './metrics.ts';

export interface TracingOptions {
  /** Base of the collector's OTLP/HTTP, e.g. `http://collector:4318`. */
  readonly endpoint: string;
  /** Part of the requests that is traced where the caller has not decided it, 0 to 1. */
  readonly samplingRatio: number;
  readonly version: string;
  /** Which replica this is. */
  readonly instance: string;
}

export interface TracedRead {
  readonly verb: string;
  readonly resource: string;
}

export interface Tracing {
  /** A span for one admission request, child of the caller's where `headers` name one (W3C trace context). */
  readonly request: (webhook: string, headers: Headers, work: () => Promise<AdmissionObservation>) => Promise<void>;
  /** A child of the request that is being answered here; outside of any the call is made without. */
  read<T>(read: TracedRead, call: () => Promise<T>): Promise<T>;
  /** Sends what is left, as far as the collector takes it in time. Never rejects. */
  stop(): Promise<void>;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Also how long a collector that does not answer can keep us from ending. */
const EXPORT_TIMEOUT_MS = 5000;
/** A uid is 36 long; whatever somebody else sends in its place is cut. */
const LONGEST_VALUE = 64;

export function createTracing({ endpoint, samplingRatio, version, instance }: TracingOptions, logger: Logger): Tracing {
  const exporter = new OTLPTraceExporter({ url: tracesUrl(endpoint), timeoutMillis: EXPORT_TIMEOUT_MS });
  const processor = new BatchSpanProcessor({
    exporter: reporting(exporter, logger),
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplingRatio) }),
    resource: resourceFromAttributes({
      'service.name': 'mcp-authz-webhook',
      'service.version': version,
      'service.instance.id': instance,
    }),
    spanLimits: { attributeValueLengthLimit: LONGEST_VALUE },
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('mcp-authz-webhook', version);
  const propagator = new W3CTraceContextPropagator();
  const current = new AsyncLocalStorage<Context>();
  return {
    request: async (webhook, headers, work) => {
      const caller = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      const span = tracer.startSpan(`admission ${webhook}`, { kind: SpanKind.SERVER }, caller);
      try {
        describe(span, await current.run(trace.setSpan(caller, span), work));
      } finally {
        span.end();
      }
    },
    read: async ({ verb, resource }, call) => {
      const context = current.getStore();
      if (context === undefined) {
        return call();
      }
      const attributes = { 'mcp_authz.verb': verb, 'mcp_authz.resource': resource };
      const span = tracer.startSpan(`${verb} ${resource}`, { kind: SpanKind.CLIENT, attributes }, context);
      try {
        return await call();
      } catch (error) {
        // The message may name objects, and that something is absent is an answer.
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
        span.setAttribute('error.type', code);
        span.setStatus({ code: code === 'API_NOT_FOUND' ? SpanStatusCode.UNSET : SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    stop: async () => {
      await provider.shutdown().catch(() => undefined); // the exporter has told
    },
  };
}

function describe(span: Span, { webhook, operation, kind, decision, code, uid }: AdmissionObservation): void {
  span.setAttributes({
    'mcp_authz.webhook': webhook,
    'mcp_authz.operation': operation,
    'mcp_authz.kind': kind,
    'mcp_authz.decision': decision,
    'mcp_authz.code': code,
    'mcp_authz.uid': uid,
  });
  if (code >= 500) {
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
}

/** As OpenTelemetry's exporters read their endpoint: the path of the signal is added to it. */
function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}

/** Traces are never worth a failure: one line when they cannot be sent, one when they can again. */
function reporting(exporter: SpanExporter, logger: Logger): SpanExporter {
  let failing = false;
  return {
    export: (spans, done) => {
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        if (failed && !failing) {
          logger.warn('traces are not taken', { error: result.error?.message ?? 'no reason was given' });
        } else if (failing && !failed) {
          logger.info('traces are taken again');
        }
        failing = failed;
        done({ code: ExportResultCode.SUCCESS });
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
