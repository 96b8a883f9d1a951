/** Metrics of what the loop does at the API server, every label set fixed. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { EventMetrics } from './events.ts';
import type { LeadershipMetrics } from './lease.ts';
import type { WatchMetrics, WatchState } from './watch-cache.ts';

/** What happens to every watch from time to time; all else is one label value, because each is a series per resource. */
const AS_EXPECTED = ['ended', 'expired'];

export type KubeMetrics = WatchMetrics & LeadershipMetrics & EventMetrics;

export function createKubeMetrics(registry: Registry): KubeMetrics {
  const registers = [registry];
  const watchesEnded = new Counter({
    name: 'mcp_authz_watch_ended_total',
    help: 'Watches and lists that ended and were started anew: "ended" as they should, "expired" or "failed" (the log says how).',
    labelNames: ['resource', 'reason'],
    registers,
  });
  const lists = new Counter({
    name: 'mcp_authz_watch_lists_total',
    help: 'Complete lists read to fill or check the watch cache.',
    labelNames: ['resource'],
    registers,
  });
  const caches = new Map<string, WatchState>();
  const gauge = (name: string, help: string, value: (state: WatchState) => number): void => {
    new Gauge({
      ...{ name, help, labelNames: ['resource'], registers },
      collect() {
        caches.forEach((state, resource) => {
          this.set({ resource }, value(state));
        });
      },
    });
  };
  gauge('mcp_authz_cache_objects', 'Objects in the watch cache of a resource.', ({ objects }) => objects());
  gauge(
    'mcp_authz_watch_lag_seconds',
    'Time since the API server was last heard of on the watch of a resource.',
    ({ lagSeconds }) => lagSeconds(),
  );
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
      watchesEnded.inc({ resource, reason: AS_EXPECTED.includes(reason) ? reason : 'failed' });
    },
    listed: (resource) => {
      lists.inc({ resource });
    },
    watching: (resource, state) => {
      caches.set(resource, state);
    },
    leading: (leads) => {
      leading.set(leads ? 1 : 0);
    },
    event: (outcome) => {
      events.inc({ outcome });
    },
  };
}
