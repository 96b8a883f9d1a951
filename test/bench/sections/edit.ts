/** One config is edited, and a thousand workloads refer to it: how long until all of them say so, and what it costs. */
import { at, stringAt } from '../../../src/api/json.ts';
import { ANNOTATIONS } from '../../../src/api/names.ts';
import type { KubernetesObject } from '../../../src/api/objects.ts';
import { systemClock } from '../../../src/kube/clock.ts';
import { createWatchCache, type WatchCache } from '../../../src/kube/watch-cache.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { metricSum } from '../../support/metrics.ts';
import { waitFor } from '../processes.ts';
import { GROUP_PATH, inParallel, withRealCluster, type RealCluster } from '../real-cluster.ts';
import { atMost } from '../report/row.ts';
import { authzConfig, CONFIG, NAMESPACE, newMcpServer, POLICY } from '../reviews.ts';
import type { Section } from '../section.ts';
import { untilIdle } from './memory.ts';

const WORKLOADS = `${GROUP_PATH}/namespaces/${NAMESPACE}/mcpservers`;
const CONFIGS = `${GROUP_PATH}/namespaces/${NAMESPACE}/mcpauthzconfigs`;
const WIDTH = 8;
const ENTRIES = 6;
const WITHIN_MS = 120_000;
const LOOK_MS = 50;
const QUIET = createLogger('error');

export const edit: Section = {
  name: 'edit',
  title: 'an edited config with 1,000 workloads on the real API server: time until all are in step, writes',
  run: (context) =>
    withRealCluster(context, { registered: true }, async (cluster) => {
      const { amounts, say } = context;
      const { editWorkloads: count } = amounts;
      await cluster.namespace(NAMESPACE);
      await cluster.request({ method: 'POST', path: CONFIGS, body: authzConfig(NAMESPACE, CONFIG, [POLICY]) });
      say(`creating ${String(count)} workloads`);
      await inParallel(count, WIDTH, (number) =>
        cluster.request({
          method: 'POST',
          path: WORKLOADS,
          body: newMcpServer('new-reference', `server-${String(number)}`, ENTRIES),
        }),
      );
      say('until all are in step');
      await untilIdle(cluster.ours);
      const before = await untilInStep(cluster, count, undefined);
      await untilIdle(cluster.ours);
      const metricsBefore = await cluster.metrics();
      say('editing the config');
      const startedAt = performance.now();
      await cluster.request({
        ...{ method: 'PATCH', path: `${CONFIGS}/${CONFIG}`, contentType: 'application/merge-patch+json' },
        body: { spec: { config: { policies: [POLICY, POLICY.replace('weather', 'forecast')] } } },
      });
      await untilInStep(cluster, count, before);
      const seconds = (performance.now() - startedAt) / 1000;
      await untilIdle(cluster.ours);
      const metrics = await cluster.metrics();
      const written = (resource: RegExp): number => writesIn(metrics, resource) - writesIn(metricsBefore, resource);
      // Of the config there are two, however many refer to it: the edit, and its own status.
      const [writes, ofConfig] = [written(/^(?!leases$|mcpauthzconfigs$)/), written(/^mcpauthzconfigs$/)];
      return {
        rows: [
          {
            id: 'edit/seconds',
            what: `an edited config until ${count.toLocaleString('en')} workloads are in step`,
            measured: seconds,
            unit: 's',
            target: atMost(10),
            detail: 'status and annotations, on the real API server',
          },
          {
            id: 'edit/writes',
            what: 'writes a workload for it',
            measured: writes / count,
            unit: 'writes',
            target: atMost(3),
            detail: `${String(writes)} by the API server's own count, and ${String(ofConfig)} of the config: the edit and its status`,
          },
        ],
        figures: { seconds, writes, ofConfig, count, cpuSecondsOfOurs: cluster.ours.process.cpuSeconds() },
      };
    }),
};

/** What a workload says of its config: its own hash and, in its status, ToolHive's. */
function saidBy(object: unknown): string {
  const annotation = at(object, 'metadata', 'annotations', ANNOTATIONS.configHash);
  return `${typeof annotation === 'string' ? annotation : ''} ${stringAt(object, 'status', 'authzConfigHash') ?? ''}`;
}

/**
 * Waits until all workloads say the same, which is not `before` and has the hash of the config's own status. They are
 * watched meanwhile: to list a thousand over and over is a third of the load on the API server.
 */
async function untilInStep(cluster: RealCluster, count: number, before: string | undefined): Promise<string> {
  const stopping = new AbortController();
  const watched = <T>(path: string, project: (object: KubernetesObject) => T): WatchCache<T> =>
    createWatchCache({ ...{ client: cluster.client, path: () => path, project }, clock: systemClock, logger: QUIET });
  const workloads = watched(WORKLOADS, saidBy);
  const configs = watched(CONFIGS, (object) => stringAt(object, 'status', 'configHash'));
  const running = Promise.all([workloads.run(stopping.signal), configs.run(stopping.signal)]);
  const look = (): string | undefined => {
    const all = new Set(workloads.list().map(({ value }) => value));
    const hash = configs.get(NAMESPACE, CONFIG);
    const [said = ''] = all;
    const inStep = all.size === 1 && said !== before && !said.startsWith(' ') && said.endsWith(` ${hash ?? '?'}`);
    return inStep && workloads.list().length === count ? said : undefined;
  };
  try {
    const within = { withinMs: WITHIN_MS, everyMs: LOOK_MS };
    return await waitFor('the workloads do not get in step', cluster.ours.process, look, within);
  } finally {
    stopping.abort();
    await running;
  }
}

/** Leases are renewed whatever happens. */
function writesIn(metrics: string, resource: RegExp): number {
  const verb = /^(?:POST|PUT|PATCH|APPLY|DELETE)$/;
  return metricSum(metrics, 'apiserver_request_total', { verb, resource, code: /^2/ });
}
