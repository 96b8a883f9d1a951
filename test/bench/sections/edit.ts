/** One config is edited, and a thousand workloads refer to it: how long until all of them say so, and what it costs. */
import { at, isJsonObject, stringAt } from '../../../src/api/json.ts';
import { ANNOTATIONS } from '../../../src/api/names.ts';
import type { KubernetesObject } from '../../../src/api/objects.ts';
import { listAll } from '../../../src/kube/list.ts';
import { metricSum } from '../metrics.ts';
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
          body: newMcpServer('reference', `server-${String(number)}`, ENTRIES),
        }),
      );
      say('until all are in step');
      await untilIdle(cluster.ours);
      const before = await untilInStep(cluster, count, undefined);
      await untilIdle(cluster.ours);
      const writesBefore = writesIn(await cluster.metrics());
      say('editing the config');
      const startedAt = performance.now();
      await cluster.request({
        ...{ method: 'PATCH', path: `${CONFIGS}/${CONFIG}`, contentType: 'application/merge-patch+json' },
        body: { spec: { config: { policies: [POLICY, POLICY.replace('weather', 'forecast')] } } },
      });
      await untilInStep(cluster, count, before);
      const seconds = (performance.now() - startedAt) / 1000;
      await untilIdle(cluster.ours);
      // Without the edit itself.
      const writes = writesIn(await cluster.metrics()) - writesBefore - 1;
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
            detail: `${String(writes)} in all, by the API server's own count`,
          },
        ],
        figures: { seconds, writes, count, cpuSecondsOfOurs: cluster.ours.process.cpuSeconds() },
      };
    }),
};

/** What a workload says of its config: its own hash and, in its status, ToolHive's. */
function saidBy(object: unknown): string {
  const annotation = at(object, 'metadata', 'annotations', ANNOTATIONS.configHash);
  return `${typeof annotation === 'string' ? annotation : ''} ${stringAt(object, 'status', 'authzConfigHash') ?? ''}`;
}

/**
 * Waits until all workloads say the same, which is not `before` and has the hash of the config's own status. Looks at one
 * that is behind until it is not, and then at all again: listing a thousand all the time would be most of the load.
 */
async function untilInStep(cluster: RealCluster, count: number, before: string | undefined): Promise<string> {
  let behind: string | undefined;
  let said = '';
  const look = async (): Promise<true | undefined> => {
    const hash = stringAt(
      await cluster.request({ method: 'GET', path: `${CONFIGS}/${CONFIG}` }),
      'status',
      'configHash',
    );
    const inStep = (object: unknown): boolean => {
      said = saidBy(object);
      return said !== before && !said.startsWith(' ') && hash !== undefined && said.endsWith(` ${hash}`);
    };
    if (behind !== undefined && !inStep(await cluster.request({ method: 'GET', path: `${WORKLOADS}/${behind}` }))) {
      return undefined;
    }
    const objects = await listed(cluster);
    behind = objects.find((object) => !inStep(object))?.metadata.name;
    return behind === undefined && objects.length === count && new Set(objects.map(saidBy)).size === 1
      ? true
      : undefined;
  };
  await waitFor('the workloads do not get in step', cluster.ours.process, look, {
    withinMs: WITHIN_MS,
    everyMs: LOOK_MS,
  });
  return said;
}

async function listed({ client }: RealCluster): Promise<readonly KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  for await (const page of listAll(client, { path: WORKLOADS, signal: AbortSignal.timeout(WITHIN_MS) })) {
    objects.push(...page.filter(isJsonObject));
  }
  return objects;
}

/** Everything but Leases, which are renewed whatever happens. */
function writesIn(metrics: string): number {
  return metricSum(metrics, 'apiserver_request_total', {
    verb: /^(?:POST|PUT|PATCH|APPLY|DELETE)$/,
    resource: /^(?!leases$)/,
    code: /^2/,
  });
}
