/** The companion loop as `serve` runs it: with its Lease, its events and its metrics. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Registry } from 'prom-client';
import { GROUP } from '../../api/toolhive.ts';
import type { KubeClient } from '../../kube/client.ts';
import { systemClock } from '../../kube/clock.ts';
import type { ConfigMemory } from '../../kube/config-memory.ts';
import type { Discovery } from '../../kube/discovery.ts';
import { createEventRecorder } from '../../kube/events.ts';
import { createLeadership } from '../../kube/lease.ts';
import { createKubeMetrics } from '../../kube/metrics.ts';
import type { KnownWorkloads } from '../../kube/referrers.ts';
import type { Analyze, Resolver } from '../../kube/resolve.ts';
import { createLoop } from '../../reconcile/loop.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createLoopMetrics } from '../../runtime/loop-metrics.ts';
import type { Settings } from '../../runtime/settings.ts';

export interface Companion {
  /** For readiness. */
  fault(): string | undefined;
  leads(): boolean;
  readonly workload: KnownWorkloads;
  readonly configs: ConfigMemory;
  stop(): Promise<void>;
}

export interface CompanionDeps {
  readonly client: KubeClient;
  readonly discovery: Discovery;
  readonly resolver: Resolver;
  readonly analyze: Analyze;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly now: () => Date;
}

export function startCompanion(
  { leaseNamespace, leaseName, admissionGrace, rollout }: Settings,
  { client, discovery, resolver, analyze, registry, logger, now }: CompanionDeps,
): Companion {
  const instance = hostname();
  // A container that is started anew in its Pod keeps the host name, and must not take its own old lease for its own.
  const identity = `${instance}_${randomUUID()}`;
  const metrics = { ...createKubeMetrics(registry), ...createLoopMetrics(registry) };
  const leadership = createLeadership({
    client,
    namespace: leaseNamespace,
    name: leaseName,
    identity,
    clock: systemClock,
    logger,
    metrics,
  });
  const loop = createLoop({
    client,
    discovery,
    resolver,
    analyze,
    leadership,
    events: createEventRecorder({
      client,
      controller: `${GROUP}/mcp-authz-webhook`,
      instance,
      clock: systemClock,
      logger,
      metrics,
    }),
    logger,
    metrics,
    clock: systemClock,
    now,
    graceMs: admissionGrace * 1000,
    rollout,
  });
  const stopping = new AbortController();
  const running = loop.run(stopping.signal);
  return {
    fault: () => loop.fault(),
    leads: () => leadership.isLeader(),
    workload: loop.workload,
    configs: loop.configs,
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
