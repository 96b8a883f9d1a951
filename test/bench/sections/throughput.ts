/** Requests per second flat out: ours beside the peers, in rounds, at three sizes of review. */
import type { ReviewSize } from '../amounts.ts';
import { median } from '../load/percentiles.ts';
import type { LoadTask } from '../load/task.ts';
import { readsLive, titleOf } from '../reviews.ts';
import { atLeast, type Row, type Target } from '../report/row.ts';
import { shortest } from '../report/table.ts';
import type { ProgramName } from '../programs.ts';
import type { Section } from '../section.ts';
import { againstPeers, inRounds, withSubjects, type Sample, type Subject } from './subjects.ts';

/**
 * Enough that a server always has something to do, and so few that ours refuses none: one namespace may not hold more
 * than half of its places, and a large review takes several (docs/adr/0029-overload.md).
 */
const CONNECTIONS: Readonly<Record<ReviewSize, number>> = { 2: 16, 20: 16, 200: 4 };

const TARGETS: Readonly<Record<ReviewSize, Readonly<Partial<Record<ProgramName, Target>>>>> = {
  2: { 'controller-runtime': atLeast(1.3), floor: atLeast(0.6), pepr: atLeast(4) },
  20: {},
  200: { 'controller-runtime': atLeast(1) },
};

export const throughput: Section = {
  name: 'throughput',
  title: 'requests per second flat out, reviews of 2, 20 and 200 KB',
  run: (context) =>
    withSubjects(context, async (subjects) => {
      const { amounts, load, say } = context;
      const rows: Row[] = [];
      const figures: Record<string, object> = {};
      for (const size of amounts.sizes) {
        const task = ({ program, review }: Subject, seconds: number): LoadTask => ({
          ...{ mode: 'flat out', target: program.target, review, bytes: size * 1000 },
          ...{ seconds, connections: CONNECTIONS[size] },
        });
        say(`flat out, ${String(size)} KB`);
        await inRounds(subjects, 1, (subject) => load.run(task(subject, amounts.warmUpSeconds)));
        const samples = await inRounds(subjects, amounts.rounds, (subject) => load.run(task(subject, amounts.seconds)));
        rows.push(...rowsOf(size, subjects, samples));
        figures[`${String(size)}k`] = Object.fromEntries(
          [...samples].map(([id, each]) => [
            id,
            each.map(({ load: { perSecond, latency }, cpuMicroseconds }) => ({ perSecond, latency, cpuMicroseconds })),
          ]),
        );
      }
      return { rows, figures };
    }),
};

function rowsOf(
  size: ReviewSize,
  subjects: readonly Subject[],
  samples: ReadonlyMap<string, readonly Sample[]>,
): readonly Row[] {
  return againstPeers(subjects, samples).map(({ id, review, peer, mine, theirs }): Row => {
    const target = TARGETS[size][peer.program.name];
    return {
      id: `throughput-${String(size)}k/${id}/${peer.id}`,
      what: `${String(size)} KB${titleOf(review)}: throughput / ${peer.title}'s`,
      // Of the same round: what else the machine did at the time falls on both.
      measured: median(mine.map(({ load }, round) => load.perSecond / (theirs[round]?.load.perSecond ?? NaN))),
      unit: 'x',
      ...(target === undefined || readsLive(review) ? {} : { target }),
      detail: `${perSecond(mine)} / ${perSecond(theirs)}; by processor time ${shortest(cpuOf(theirs) / cpuOf(mine))} x`,
    };
  });
}

function perSecond(samples: readonly Sample[]): string {
  const rate = median(samples.map(({ load }) => load.perSecond));
  return `${rate.toFixed(0)} a second of ${shortest(cpuOf(samples))} µs`;
}

/** What other programs on the machine take away does not count here. */
function cpuOf(samples: readonly Sample[]): number {
  return median(samples.map(({ cpuMicroseconds }) => cpuMicroseconds));
}
