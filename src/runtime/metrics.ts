/** Prometheus metrics, every label set fixed. Names and units: docs/operations.md. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What became of an admission request. */
export interface AdmissionObservation {
  /** Of the AdmissionReview; leads to the line in the log. Empty where none was read. */
  readonly uid: string;
  readonly webhook: string;
  readonly operation: string;
  readonly kind: string;
  readonly decision: 'allowed' | 'denied' | 'undecided' | 'rejected';
  readonly code: number;
  readonly seconds: number;
}

export interface Metrics {
  readonly registry: Registry;
  started(): void;
  finished(observation: AdmissionObservation): void;
  shed(bound: 'server' | 'namespace'): void;
  panic(rule: string): void;
  denial(rule: string): void;
  glassBroken(): void;
  certificateExpires(at: Date): void;
  customRulesReloaded(result: 'success' | 'failure'): void;
  /** An object was given something of ours on its way in. */
  injected(kind: string): void;
}

/** From a cache hit to the longest timeout that Kubernetes allows a webhook to ask for in practice. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Whether pauses are felt by an admission request; more would be a series each for four kinds of collections. */
const GC_BUCKETS = [0.01, 0.1];

/**
 * Observations are counted when so many have come, or when somebody looks. One at a time between other work costs several
 * times as much as one after the other (docs/adr/0044-a-request-without-detours.md); more would wait for so long that V8 takes
 * them for something that stays (docs/adr/0045-what-a-request-leaves.md).
 */
const COUNTED_TOGETHER = 32;

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  let inFlight = 0;
  let observed: AdmissionObservation[] = [];
  function count(): void {
    const all = observed;
    observed = [];
    for (const { webhook, operation, kind, decision, code, seconds } of all) {
      requests.inc({ webhook, operation, kind, decision, code });
      duration.observe({ webhook }, seconds);
    }
  }
  collectDefaultMetrics({ register: registry, gcDurationBuckets: GC_BUCKETS });
  for (const size of ['total', 'used', 'available']) {
    registry.removeSingleMetric(`nodejs_heap_space_size_${size}_bytes`); // 39 series that say little beside the heap's size
  }
  const requests = new Counter({
    name: 'mcp_authz_admission_requests_total',
    help: 'Admission requests answered, by what was asked and what was said.',
    labelNames: ['webhook', 'operation', 'kind', 'decision', 'code'],
    registers,
    collect: count,
  });
  const duration = new Histogram({
    name: 'mcp_authz_admission_duration_seconds',
    help: 'Time from the first byte of an admission request to its answer.',
    labelNames: ['webhook'],
    buckets: DURATION_BUCKETS,
    registers,
    collect: count,
  });
  new Gauge({
    name: 'mcp_authz_admission_in_flight',
    help: 'Admission requests being answered now.',
    registers,
    collect() {
      this.set(inFlight);
    },
  });
  const shed = new Counter({
    name: 'mcp_authz_admission_shed_total',
    help: 'Admission requests refused with 429 because too many were being answered, of all or of their namespace.',
    labelNames: ['bound'],
    registers,
  });
  for (const bound of ['server', 'namespace']) {
    shed.inc({ bound }, 0);
  }
  const panics = new Counter({
    name: 'mcp_authz_rule_panics_total',
    help: 'Rules that threw; the request was answered by the failure policy of its webhook.',
    labelNames: ['rule'],
    registers,
  });
  const denials = new Counter({
    name: 'mcp_authz_rule_denials_total',
    help: 'Refusals, by the rule that refused.',
    labelNames: ['rule'],
    registers,
  });
  const broken = new Counter({
    name: 'mcp_authz_break_glass_total',
    help: 'Deletions of a config in use that were let through because somebody broke the glass.',
    registers,
  });
  const expiry = new Gauge({
    name: 'mcp_authz_certificate_expiry_timestamp_seconds',
    help: 'When the serving certificate expires, as Unix time.',
    registers,
  });
  const reloads = new Counter({
    name: 'mcp_authz_custom_rules_reloads_total',
    help: 'Tries to take over changed files of custom rules; after a failure the rules before stay in force.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['success', 'failure']) {
    reloads.inc({ result }, 0);
  }
  const injections = new Counter({
    name: 'mcp_authz_injections_total',
    help: 'Objects that were given annotations, a finalizer or volumes of ours on their way in, by kind.',
    labelNames: ['kind'],
    registers,
  });
  return {
    registry,
    started: () => {
      inFlight += 1;
    },
    finished: (observation) => {
      inFlight -= 1;
      observed.push(observation);
      if (observed.length >= COUNTED_TOGETHER) {
        count();
      }
    },
    shed: (bound) => {
      shed.inc({ bound });
    },
    panic: (rule) => {
      panics.inc({ rule });
    },
    denial: (rule) => {
      denials.inc({ rule });
    },
    glassBroken: () => {
      broken.inc();
    },
    certificateExpires: (at) => {
      expiry.set(at.getTime() / 1000);
    },
    customRulesReloaded: (result) => {
      reloads.inc({ result });
    },
    injected: (kind) => {
      injections.inc({ kind });
    },
  };
}
