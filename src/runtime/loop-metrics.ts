/** What the loop counts, beside the metrics of admission. Names and units: docs/loop.md. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface LoopState {
  readonly depth: () => number;
  readonly contended: () => number;
  /** By what they carry: current, outdated, waiting, missed. */
  readonly pods: () => Readonly<Record<string, number>>;
  readonly rollouts: () => number;
}

export interface LoopRecorder {
  reconciled(kind: string, outcome: string, seconds: number): void;
  wrote(what: 'status' | 'object'): void;
  eviction(outcome: 'evicted' | 'blocked'): void;
  observe(state: LoopState): void;
}

/** Few, because each is a series for each of four kinds. */
const DURATION_BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 15];

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
  const evictions = new Counter({
    name: 'mcp_authz_rollout_evictions_total',
    help: 'Pods that the rollout asked to be evicted, by whether a PodDisruptionBudget let them go.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    reconciled: (kind, outcome, seconds) => {
      passes.inc({ kind, outcome });
      duration.observe({ kind }, seconds);
    },
    wrote: (what) => {
      writes.inc({ what });
    },
    eviction: (outcome) => {
      evictions.inc({ outcome });
    },
    observe: ({ depth, contended, pods, rollouts }) => {
      gauge(registry, 'mcp_authz_queue_depth', 'Keys that wait for the loop.', depth);
      gauge(
        registry,
        'mcp_authz_contended_objects',
        'Objects left alone because another writer undoes our writes.',
        contended,
      );
      gauge(registry, 'mcp_authz_rollouts', 'Workloads whose pods are being replaced, or wait for that.', rollouts);
      new Gauge({
        name: 'mcp_authz_pods',
        help: 'Pods of workloads that refer to a config, by what they carry: the current one, an outdated one, none yet (waiting), none at all (missed).',
        labelNames: ['config'],
        registers: [registry],
        collect() {
          for (const [config, count] of Object.entries(pods())) {
            this.set({ config }, count);
          }
        },
      });
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
