/**
 * The deletion of a config that nothing refers to, in a namespace full of workloads: the check reads them all live. With
 * CRDs that let the API server filter (ours), and with CRDs that do not (ToolHive's): there what the loop remembers spares
 * most of it, so that a server without the loop is measured too.
 */
import { must } from '../../../src/cli/playground/environment.ts';
import { at } from '../../../src/api/json.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { median } from '../load/percentiles.ts';
import { waitFor } from '../processes.ts';
import { GROUP_PATH, inParallel, withRealCluster, type RealCluster } from '../real-cluster.ts';
import { startOurs, untilReady, type Program } from '../programs.ts';
import { atMost, forOrientation, type Row } from '../report/row.ts';
import { shortest } from '../report/table.ts';
import { deletionReview, NAMESPACE, newMcpServer } from '../reviews.ts';
import type { Section } from '../section.ts';
import { mebibytes } from './growth.ts';
import { post } from './pauses.ts';

const CRDS = ['mcpservers', 'mcpremoteproxies', 'virtualmcpservers'].map((name) => `${name}.toolhive.stacklok.dev`);
const WIDTH = 16;
/** Lines of environment variables: about the size of a real workload. */
const ENTRIES = 10;
const MIB = 1024 * 1024;
/** What "bounded" is held to: some pages of the list, not the list. */
const BOUND_MIB = 64;

export const deletion: Section = {
  name: 'deletion',
  title:
    'DELETE of a config without references in a namespace of 5,000 workloads, CRDs with and without selectableFields',
  run: (context) =>
    // A leader would look at every workload meanwhile.
    withRealCluster(context, { registered: false, standsBy: true }, async (cluster) => {
      const { amounts, say } = context;
      const { deletionWorkloads, deletions } = amounts;
      await cluster.namespace(NAMESPACE);
      const path = `${GROUP_PATH}/namespaces/${NAMESPACE}/mcpservers`;
      say(`creating ${String(deletionWorkloads)} workloads`);
      await inParallel(deletionWorkloads, WIDTH, (number) => {
        const body = newMcpServer('new-reference', `server-${String(number)}`, ENTRIES);
        return cluster.request({ method: 'POST', path, body });
      });
      say('deleting, with selectableFields');
      const filtered = await measure(cluster.ours, deletions);
      await dropSelectableFields(cluster);
      say('deleting, without selectableFields');
      const complete = await measure(cluster.ours, deletions);
      say('deleting, without selectableFields and without the loop');
      const alone = await withoutLoop(cluster, (ours) => measure(ours, deletions));
      return {
        rows: [
          ...rowsOf('with', 'CRDs with selectableFields', filtered, deletionWorkloads),
          ...rowsOf('without', 'CRDs without', complete, deletionWorkloads),
          ...rowsOf('without-loop', 'CRDs without, --loop off', alone, deletionWorkloads).map(forOrientation),
        ],
        figures: { filtered, complete, alone },
      };
    }),
};

interface Deletions {
  readonly milliseconds: readonly number[];
  readonly grownBytes: number;
}

async function measure(ours: Program, count: number): Promise<Deletions> {
  const once = (number: number): Promise<number> =>
    post(ours.target, deletionReview(NAMESPACE, `unused-${String(number)}`));
  await once(0); // connections to the API server are opened, code is compiled
  ours.process.resetPeak();
  const before = ours.process.residentBytes();
  const milliseconds: number[] = [];
  for (let number = 1; number <= count; number += 1) {
    const startedAt = performance.now();
    const status = await once(number);
    milliseconds.push(performance.now() - startedAt);
    if (status !== 200) {
      throw new Error(`the deletion was answered with HTTP ${String(status)}:\n${ours.process.log().slice(-1000)}`);
    }
  }
  return { milliseconds, grownBytes: ours.process.peakBytes() - before };
}

async function withoutLoop<T>({ programOptions }: RealCluster, use: (ours: Program) => Promise<T>): Promise<T> {
  const ours = await startOurs(programOptions, { flags: ['--loop', 'off'], label: 'ours-without-loop' });
  try {
    await untilReady(ours);
    return await use(ours);
  } finally {
    await ours.process.stop();
  }
}

/** As in ToolHive's CRDs; waits until the API server filters no more. */
async function dropSelectableFields({ controlPlane: { kubectl }, request, ours }: RealCluster): Promise<void> {
  for (const crd of CRDS) {
    const versions: unknown = at(
      JSON.parse(await must(kubectl, ['get', 'crd', crd, '-o', 'json'])),
      'spec',
      'versions',
    );
    const count = Array.isArray(versions) ? versions.length : 0;
    const patch = Array.from({ length: count }, (_, index) => {
      return { op: 'remove', path: `/spec/versions/${String(index)}/selectableFields` };
    });
    await must(kubectl, ['patch', 'crd', crd, '--type=json', '--patch', JSON.stringify(patch)]);
  }
  const path = `${GROUP_PATH}/namespaces/${NAMESPACE}/mcpservers`;
  const query = { fieldSelector: 'spec.authzConfigRef.name=none', limit: '1' };
  await waitFor('the API server still filters', ours.process, () =>
    request({ method: 'GET', path, query }).then(
      () => undefined,
      (error: unknown) => (error instanceof ApiError && error.status === 400 ? true : undefined),
    ),
  );
}

function rowsOf(id: string, crds: string, { milliseconds, grownBytes }: Deletions, workloads: number): readonly Row[] {
  const place = `${workloads.toLocaleString('en')} workloads, ${crds}`;
  return [
    {
      id: `deletion/${id}`,
      what: `DELETE of an unused config, ${place}`,
      measured: median(milliseconds),
      unit: 'ms',
      target: atMost(250),
      detail: `median of ${String(milliseconds.length)}, slowest ${shortest(Math.max(...milliseconds))} ms`,
    },
    {
      id: `deletion/${id}/memory`,
      what: `memory that it takes beyond what was resident, ${crds}`,
      measured: grownBytes / MIB,
      unit: 'MiB',
      target: atMost(BOUND_MIB),
      detail: `${mebibytes(grownBytes)} at most, after ${String(milliseconds.length)} of them`,
    },
  ];
}
