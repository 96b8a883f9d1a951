/** The programs side by side, and one measurement of all of them in turns. */
import { startOurs, startPeer, untilReady, PEERS, type Program, type ProgramName } from '../programs.ts';
import type { LoadResult } from '../load/task.ts';
import { titleOf, type ReviewKind } from '../reviews.ts';
import type { SectionContext } from '../section.ts';
import { startStandIn } from '../stand-in/start.ts';

/** A program with the requests that it is sent. */
export interface Subject {
  readonly id: string;
  readonly title: string;
  readonly program: Program;
  readonly review: ReviewKind;
}

export interface Sample {
  readonly load: LoadResult;
  /** Processor time of the server for one request, microseconds. */
  readonly cpuMicroseconds: number;
}

const TITLES: Readonly<Record<ProgramName, string>> = {
  ours: 'mcp-authz-webhook',
  'controller-runtime': 'controller-runtime',
  floor: 'node:https',
  pepr: 'Pepr',
};

/**
 * Ours with each kind of request: those that no rule has to read anything for, as the peers, which never do; and those with
 * a reference that is new, whose config is read live together with its namespace. A process for each, as every peer has one:
 * what one kind leaves to be compiled or collected is no part of another.
 */
export async function withSubjects<T>(
  context: SectionContext,
  use: (subjects: readonly Subject[]) => Promise<T>,
): Promise<T> {
  const { folder, certificates, say } = context;
  const standIn = await startStandIn(folder, certificates, { ...context.amounts.small, ...STAND_IN });
  const options = { folder, certificates, kubeconfig: standIn.kubeconfig, say };
  const programs: Program[] = [];
  try {
    const started = async (program: Promise<Program>): Promise<Program> => {
      programs.push(await program);
      return program;
    };
    const oursFor = async (review: ReviewKind, id: string): Promise<Subject> => {
      const program = await started(startOurs(options, { label: id }));
      await untilReady(program);
      return { id, title: `${TITLES.ours}${titleOf(review)}`, program, review };
    };
    const subjects = [await oursFor('inline', 'ours')];
    for (const name of PEERS) {
      const program = await started(startPeer(name, options));
      subjects.push({ id: name, title: TITLES[name], program, review: 'inline' });
    }
    for (const review of ['kept-reference', 'new-reference'] as const) {
      subjects.push(await oursFor(review, `ours-${review}`));
    }
    return await use(subjects);
  } finally {
    await Promise.all(programs.map((each) => each.process.stop()));
    await standIn.stop();
  }
}

const STAND_IN = { name: 'stand-in', leaseTaken: false };

/** One sample of each subject a round, each round beginning with another one. */
export async function inRounds(
  subjects: readonly Subject[],
  rounds: number,
  measure: (subject: Subject) => Promise<LoadResult>,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(subjects.map(({ id }) => [id, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < subjects.length; turn += 1) {
      const subject = subjects[(round + turn) % subjects.length];
      if (subject !== undefined) {
        samples.get(subject.id)?.push(await sampleOf(subject, measure));
      }
    }
  }
  return samples;
}

async function sampleOf(subject: Subject, measure: (subject: Subject) => Promise<LoadResult>): Promise<Sample> {
  const { cpuSeconds } = subject.program.process;
  const before = cpuSeconds();
  const load = await measure(subject).catch((error: unknown) => {
    throw new Error(`${subject.title}: ${error instanceof Error ? error.message : String(error)}`);
  });
  return { load, cpuMicroseconds: ((cpuSeconds() - before) * 1e6) / load.requests };
}

/** Ours beside each peer, with the samples of both: those of the same round stand at the same place. */
export function againstPeers(
  subjects: readonly Subject[],
  samples: ReadonlyMap<string, readonly Sample[]>,
): readonly (Pick<Subject, 'id' | 'review'> & {
  readonly peer: Subject;
  readonly mine: readonly Sample[];
  readonly theirs: readonly Sample[];
})[] {
  const peers = subjects.filter(({ program }) => program.name !== 'ours');
  const ours = subjects.filter(({ program }) => program.name === 'ours');
  return ours.flatMap(({ id, review }) =>
    peers.map((peer) => ({ id, review, peer, mine: samples.get(id) ?? [], theirs: samples.get(peer.id) ?? [] })),
  );
}
