/** What many objects in the cluster cost: latency, throughput and memory beside a server that remembers next to nothing. */
import { median } from '../load/percentiles.ts';
import type { LoadTask } from '../load/task.ts';
import { startOurs, untilReady, type Program } from '../programs.ts';
import { atMost, type Row } from '../report/row.ts';
import { shortest } from '../report/table.ts';
import type { Section, SectionContext } from '../section.ts';
import type { Population } from '../stand-in/objects.ts';
import { startStandIn, type StandIn } from '../stand-in/start.ts';
import { inRounds, type Sample, type Subject } from './subjects.ts';

const BYTES = 2000;
const KIB = 1024;

export const growth: Section = {
  name: 'growth',
  title: 'latency, throughput and memory with 100,000 workloads and 10,000 configs beside 10 of each',
  run: async (context) => {
    const { amounts, load, say } = context;
    const [small, large] = [
      await startSide('small', amounts.small, context),
      await startSide('large', amounts.large, context),
    ];
    try {
      say('reading the objects');
      await untilReady(small.program);
      await untilReady(large.program);
      const atRest = residentOf(small, large);
      const subjects = [small, large].map(({ name, program }): Subject => {
        return { id: name, title: name, program, review: 'kept-reference' };
      });
      const flat = (subject: Subject, seconds: number): LoadTask => {
        return { ...of(subject), mode: 'flat out', seconds, connections: 16 };
      };
      await inRounds(subjects, 1, (subject) => load.run(flat(subject, amounts.warmUpSeconds)));
      say('flat out');
      const throughput = await inRounds(subjects, amounts.rounds, (each) => load.run(flat(each, amounts.seconds)));
      say(`${String(amounts.rate)} requests per second`);
      const latency = await inRounds(subjects, amounts.rounds, (subject) =>
        load.run({
          ...of(subject),
          mode: 'at rate',
          perSecond: amounts.rate,
          seconds: amounts.seconds,
          connections: 16,
        }),
      );
      const underLoad = residentOf(small, large);
      const more = amounts.large.workloads - amounts.small.workloads;
      // Where the heap has grown, by requests or by lists that were read, it is not given back: the worse of the two.
      const perWorkload = Math.max(...[atRest, underLoad].map((each) => (each.large - each.small) / more));
      return {
        rows: [
          ratioRow(
            'throughput',
            'throughput',
            throughput,
            ({ load: { perSecond } }) => 1 / perSecond,
            (each) => `${(1 / each).toFixed(0)} a second`,
            amounts.large,
          ),
          ratioRow(
            'p99',
            `p99 at ${String(amounts.rate)} a second`,
            latency,
            (each) => each.load.latency.p99,
            (each) => `${shortest(each)} ms`,
            amounts.large,
          ),
          ratioRow(
            'p50',
            `median at ${String(amounts.rate)} a second`,
            latency,
            (each) => each.load.latency.p50,
            (each) => `${shortest(each)} ms`,
            amounts.large,
          ),
          {
            id: 'growth/memory',
            what: 'resident memory a cached workload',
            measured: perWorkload / KIB,
            unit: 'KiB',
            target: atMost(1),
            detail: `${told(atRest)} when ready, ${told(underLoad)} after the load`,
          },
        ],
        figures: {
          throughput: Object.fromEntries(throughput),
          latency: Object.fromEntries(latency),
          atRest,
          underLoad,
        },
      };
    } finally {
      await Promise.all([small.program.process.stop(), large.program.process.stop()]);
      await Promise.all([small.standIn.stop(), large.standIn.stop()]);
    }
  },
};

interface Side {
  readonly name: string;
  readonly program: Program;
  readonly standIn: StandIn;
}

/** Standing by: it remembers everything, and another replica writes. */
async function startSide(name: string, population: Population, context: SectionContext): Promise<Side> {
  const { folder, certificates, say } = context;
  const standIn = await startStandIn(folder, certificates, {
    name: `stand-in-${name}`,
    ...population,
    leaseTaken: true,
  });
  const options = { folder, certificates, kubeconfig: standIn.kubeconfig, say };
  return { name, program: await startOurs(options, { label: `ours-${name}` }), standIn };
}

interface Resident {
  readonly small: number;
  readonly large: number;
}

function residentOf(small: Side, large: Side): Resident {
  return { small: small.program.process.residentBytes(), large: large.program.process.residentBytes() };
}

function told({ small, large }: Resident): string {
  return `${mebibytes(large)} beside ${mebibytes(small)}`;
}

function of({ program, review }: Subject): Pick<LoadTask, 'target' | 'review' | 'bytes'> {
  return { target: program.target, review, bytes: BYTES };
}

/** How many times as much the large side takes, as the median over the rounds. */
function ratioRow(
  id: string,
  what: string,
  samples: ReadonlyMap<string, readonly Sample[]>,
  cost: (sample: Sample) => number,
  show: (cost: number) => string,
  large: Population,
): Row {
  const [small = [], grown = []] = [samples.get('small')?.map(cost), samples.get('large')?.map(cost)];
  return {
    id: `growth/${id}`,
    what: `${what}: cost with ${counts(large)} / with next to none`,
    measured: median(grown.map((each, round) => each / (small[round] ?? NaN))),
    unit: 'x',
    target: atMost(1.2),
    detail: `${show(median(grown))} / ${show(median(small))}`,
  };
}

export function counts({ workloads, configs }: Population): string {
  return `${workloads.toLocaleString('en')} workloads and ${configs.toLocaleString('en')} configs`;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / KIB / KIB).toFixed(0)} MiB`;
}
