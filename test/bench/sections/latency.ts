/** Latency at 1,000 requests per second, and the ladder of loads that the chart shows. */
import { median } from '../load/percentiles.ts';
import type { FlatOut, Latency, LoadResult, LoadTask } from '../load/task.ts';
import { atMost, forOrientation, type Row } from '../report/row.ts';
import { shortest } from '../report/table.ts';
import { readsLive, titleOf } from '../reviews.ts';
import type { Section, SectionContext } from '../section.ts';
import { againstPeers, inRounds, withSubjects, type Sample, type Subject } from './subjects.ts';

const BYTES = 2000;
const CONNECTIONS = 16;
/**
 * p99 wants more samples than a rate, and more rounds. In nine seconds what holds a program up now and then has its share of all
 * requests; in three it decides alone where it happens, and counts for nothing where it does not.
 */
const LONGER = 6;
const MORE_ROUNDS = 2;
/** Above this a program does not keep up with the load, and the next step would only queue. */
const LOST_MS = 200;

export const latency: Section = {
  name: 'latency',
  title: 'p99 at 1,000 requests per second, reviews of 2 KB, and latency against load for the chart',
  run: (context) =>
    withSubjects(context, async (subjects) => {
      const { amounts, load, say } = context;
      const base = ({ program, review }: Subject): Omit<FlatOut, 'mode' | 'seconds'> => ({
        ...{ target: program.target, review, bytes: BYTES, connections: CONNECTIONS },
      });
      const task = (subject: Subject, perSecond: number, seconds: number): LoadTask => ({
        ...base(subject),
        ...{ mode: 'at rate', perSecond, seconds },
      });
      const atRate = (subject: Subject): Promise<LoadResult> =>
        load.run(task(subject, amounts.rate, amounts.seconds * LONGER));
      say(`${String(amounts.rate)} requests per second, just started`);
      const cold = await inRounds(subjects, 1, atRate);
      say('warming up');
      await inRounds(subjects, 1, (subject) =>
        load.run({ ...base(subject), mode: 'flat out', seconds: amounts.warmUpSeconds }),
      );
      // Other code is compiled for it than for full load. In the same turns, since what a server does while others are asked
      // makes V8 give up code that its next turn needs, until that, too, has come a few times.
      say(`warming up at ${String(amounts.rate)} requests per second`);
      await inRounds(subjects, amounts.rounds, atRate);
      say(`${String(amounts.rate)} requests per second`);
      const samples = await inRounds(subjects, amounts.rounds * MORE_ROUNDS, atRate);
      const ladder = await climb(context, subjects, task);
      const figures = { atRate: latencies(samples), justStarted: latencies(cold), ladder };
      return {
        rows: [
          ...rowsOf(`p99 at ${String(amounts.rate)} a second`, subjects, samples),
          ...rowsOf(`p99 at ${String(amounts.rate)} a second, just started`, subjects, cold).map(forOrientation),
        ],
        figures,
      };
    }),
};

export interface Step {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Climb {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** Whether a program answered in step with the load. */
export function keptUp({ p50 }: Pick<Step, 'p50'>): boolean {
  return p50 <= LOST_MS;
}

/** Each program up to the load that it loses touch with. */
async function climb(
  { amounts, load, say }: SectionContext,
  subjects: readonly Subject[],
  task: (subject: Subject, perSecond: number, seconds: number) => LoadTask,
): Promise<Readonly<Record<string, Climb>>> {
  const climbs = new Map<string, Step[]>(subjects.map(({ id }) => [id, []]));
  const climbing = new Set(subjects);
  for (const perSecond of amounts.ladder) {
    say(`latency against load: ${String(perSecond)} requests per second`);
    for (const subject of [...climbing]) {
      const { p50, p99 } = (await load.run(task(subject, perSecond, amounts.seconds))).latency;
      climbs.get(subject.id)?.push({ perSecond, p50, p99 });
      if (!keptUp({ p50 })) {
        climbing.delete(subject);
      }
    }
  }
  return Object.fromEntries(subjects.map(({ id, title }) => [id, { title, steps: climbs.get(id) ?? [] }]));
}

function latencies(samples: ReadonlyMap<string, readonly Sample[]>): Readonly<Record<string, readonly Latency[]>> {
  return Object.fromEntries([...samples].map(([id, each]) => [id, each.map((sample) => sample.load.latency)]));
}

function rowsOf(
  figure: string,
  subjects: readonly Subject[],
  samples: ReadonlyMap<string, readonly Sample[]>,
): readonly Row[] {
  return againstPeers(subjects, samples).map(({ id, review, peer, mine, theirs }): Row => {
    return {
      id: `${figure}/${id}/${peer.id}`,
      what: `${figure}${titleOf(review)} / ${peer.title}'s`,
      measured: median(mine.map(({ load }, round) => load.latency.p99 / (theirs[round]?.load.latency.p99 ?? NaN))),
      unit: 'x',
      ...(peer.program.name === 'controller-runtime' && !readsLive(review) ? { target: atMost(1.2) } : {}),
      detail: `${milliseconds(mine)} / ${milliseconds(theirs)}`,
    };
  });
}

function milliseconds(samples: readonly Sample[]): string {
  const of = (pick: (sample: Sample) => number): string => shortest(median(samples.map(pick)));
  return `${of(({ load }) => load.latency.p99)} ms (median ${of(({ load }) => load.latency.p50)})`;
}
