/** Metrics of what the loop does at the API server, every label set fixed. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { EventMetrics } from './events.ts';
import type { LeadershipMetrics } from './lease.ts';
import type { WatchMetrics } from './watch-cache.ts';

export type KubeMetrics = WatchMetrics & LeadershipMetrics & EventMetrics;

export function createKubeMetrics(registry: Registry): KubeMetrics {
  const registers = [registry];
  const watchesEnded = new Counter({
    name: 'mcp_authz_watch_ended_total',
    help: 'Watches and lists that ended: "ended" as they should, else what went wrong.',
    labelNames: ['resource', 'reason'],
    registers,
  });
  const lists = new Counter({
    name: 'mcp_authz_watch_lists_total',
    help: 'Complete lists read to fill or check the watch cache.',
    labelNames: ['resource'],
    registers,
  });
  const entries = new Gauge({
    name: 'mcp_authz_watch_listed_objects',
    help: 'Objects in the watch cache when it was last listed.',
    labelNames: ['resource'],
    registers,
  });
  const lags = new Map<string, () => number>();
  new Gauge({
    name: 'mcp_authz_watch_lag_seconds',
    help: 'Time since the API server was last heard of on the watch of a resource.',
    labelNames: ['resource'],
    registers,
    collect() {
      for (const [resource, lagSeconds] of lags) {
        this.set({ resource }, lagSeconds());
      }
    },
  });
  const leading = new Gauge({
    name: 'mcp_authz_leading',
    help: '1 while this replica holds the Lease, else 0.',
    registers,
  });
  const events = new Counter({
    name: 'mcp_authz_events_total',
    help: 'Events, by what became of them.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    watchEnded: (resource, reason) => {
      watchesEnded.inc({ resource, reason });
    },
    listed: (resource, count) => {
      lists.inc({ resource });
      entries.set({ resource }, count);
    },
    watchLag: (resource, lagSeconds) => {
      lags.set(resource, lagSeconds);
    },
    leading: (leads) => {
      leading.set(leads ? 1 : 0);
    },
    event: (outcome) => {
      events.inc({ outcome });
    },
  };
}
