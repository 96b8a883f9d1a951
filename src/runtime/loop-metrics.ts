/** What the loop counts, beside the metrics of admission. Names and units: docs/loop.md. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface LoopState {
  readonly depth: () => number;
  readonly contended: () => number;
  readonly leads: () => boolean;
}

export interface LoopRecorder {
  reconciled(kind: string, outcome: string, seconds: number): void;
  wrote(what: 'status' | 'object'): void;
  observe(state: LoopState): void;
  watchEnded(resource: string, reason: string): void;
  listed(resource: string, entries: number): void;
  watchLag(resource: string, lagSeconds: () => number): void;
  event(outcome: 'written' | 'terminating' | 'failed'): void;
}

const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

export function createLoopMetrics(registry: Registry): LoopRecorder {
  const registers = [registry];
  const passes = new Counter({
    name: 'mcp_authz_reconcile_total',
    help: 'Passes of the loop over one object, by kind and by how they ended.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'mcp_authz_reconcile_duration_seconds',
    help: 'Time of one pass of the loop over one object.',
    labelNames: ['kind'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const writes = new Counter({
    name: 'mcp_authz_loop_writes_total',
    help: 'Writes that the loop sent, to the status or to the object itself. Stands still when nothing changes.',
    labelNames: ['what'],
    registers,
  });
  writes.inc({ what: 'status' }, 0);
  writes.inc({ what: 'object' }, 0);
  const watches = new Counter({
    name: 'mcp_authz_watch_ended_total',
    help: 'Watches that ended, by resource and why.',
    labelNames: ['resource', 'reason'],
    registers,
  });
  const events = new Counter({
    name: 'mcp_authz_events_total',
    help: 'Events, by whether they could be written; none can in a namespace that is being deleted.',
    labelNames: ['outcome'],
    registers,
  });
  const entries = new Gauge({
    name: 'mcp_authz_cache_entries',
    help: 'Objects that the watch cache held after its last list.',
    labelNames: ['resource'],
    registers,
  });
  const lags = new Map<string, () => number>();
  new Gauge({
    name: 'mcp_authz_cache_lag_seconds',
    help: 'Time since the API server was last heard of, for each watch cache.',
    labelNames: ['resource'],
    registers,
    collect() {
      for (const [resource, lag] of lags) {
        this.set({ resource }, lag());
      }
    },
  });
  return {
    reconciled: (kind, outcome, seconds) => {
      passes.inc({ kind, outcome });
      duration.observe({ kind }, seconds);
    },
    wrote: (what) => {
      writes.inc({ what });
    },
    watchEnded: (resource, reason) => {
      watches.inc({ resource, reason });
    },
    listed: (resource, count) => {
      entries.set({ resource }, count);
    },
    watchLag: (resource, lagSeconds) => {
      lags.set(resource, lagSeconds);
    },
    event: (outcome) => {
      events.inc({ outcome });
    },
    observe: ({ depth, contended, leads }) => {
      gauge(registry, 'mcp_authz_queue_depth', 'Keys that wait for the loop.', depth);
      gauge(
        registry,
        'mcp_authz_contended_objects',
        'Objects left alone because another writer undoes our writes.',
        contended,
      );
      gauge(registry, 'mcp_authz_leader', '1 on the replica whose loop writes.', () => (leads() ? 1 : 0));
    },
  };
}

/** Asked when the metrics are read. */
function gauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}
