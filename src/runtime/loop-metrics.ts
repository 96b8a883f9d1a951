/** What the loop counts, beside the metrics of admission. Names and units: docs/loop.md. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface LoopState {
  readonly depth: () => number;
  readonly contended: () => number;
}

export interface LoopRecorder {
  reconciled(kind: string, outcome: string, seconds: number): void;
  wrote(what: 'status' | 'object'): void;
  observe(state: LoopState): void;
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
    help: 'Writes of the loop that the API server took, to the status or to the object itself. Stands still when nothing changes.',
    labelNames: ['what'],
    registers,
  });
  writes.inc({ what: 'status' }, 0);
  writes.inc({ what: 'object' }, 0);
  return {
    reconciled: (kind, outcome, seconds) => {
      passes.inc({ kind, outcome });
      duration.observe({ kind }, seconds);
    },
    wrote: (what) => {
      writes.inc({ what });
    },
    observe: ({ depth, contended }) => {
      gauge(registry, 'mcp_authz_queue_depth', 'Keys that wait for the loop.', depth);
      gauge(
        registry,
        'mcp_authz_contended_objects',
        'Objects left alone because another writer undoes our writes.',
        contended,
      );
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
