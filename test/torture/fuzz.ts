/** Random and mutated requests against the whole server: what comes back, what stays behind, what depends on what. */
import fc from 'fast-check';
import { encodeRequest, openPipeline, type Pipeline, type RawAnswer } from './pipeline.ts';
import { recording } from './requests/recorded.ts';
import { batch, BATCH, type FuzzRequest } from './requests/requests.ts';
import { createFailures, MEGABYTE, megabytes, type Section, type TortureOptions } from './section.ts';
import { startTarget, type Target } from './target-process.ts';
import { fault } from './verdict.ts';

const CONNECTIONS = 8;
/** Requests on their way per connection. */
const DEPTH = 4;
/** Answers that are compared with those of a fresh server, asked in another order. */
const SAMPLES = 2000;
/** Of the requests, those before the first measurement: code is compiled and pools are filled by then. */
const WARM_UP = 0.1;
/** What the heap may have gained since: a collector keeps no exact books. */
const TOLERANCE = 8 * MEGABYTE;

interface Sample {
  readonly request: FuzzRequest;
  readonly answer: RawAnswer;
}

export const fuzz: Section = async (options) => {
  const failures = createFailures();
  const target = await startTarget();
  const started = performance.now();
  const run = await askAll(target, options, failures.add);
  const seconds = (performance.now() - started) / 1000;
  await target.stop();
  const differing = await replay(run.samples, options.seed);
  differing.forEach(failures.add);
  const { before, after } = run;
  if (after.heap - before.heap > TOLERANCE) {
    failures.add(`the heap grew from ${String(megabytes(before.heap))} to ${String(megabytes(after.heap))} MB`);
  }
  if (after.prototypes !== before.prototypes) {
    failures.add('a prototype was changed');
  }
  if (after.descriptors > before.descriptors + CONNECTIONS) {
    failures.add(`file descriptors grew from ${String(before.descriptors)} to ${String(after.descriptors)}`);
  }
  [...before.errors, ...after.errors].forEach(failures.add);
  const statuses = Object.fromEntries([...run.statuses].sort().map(([status, count]) => [`status ${status}`, count]));
  return {
    section: 'fuzz',
    figures: {
      requests: run.asked,
      'requests/s': Math.round(run.asked / seconds),
      ...statuses,
      'heap before (MB)': megabytes(before.heap),
      'heap after (MB)': megabytes(after.heap),
      'asked again elsewhere': run.samples.length,
      'answered differently': differing.length,
    },
    failures: failures.list(),
  };
};

async function askAll(
  target: Target,
  { seed, requests, progress }: TortureOptions,
  fail: (failure: string) => void,
): Promise<{
  readonly asked: number;
  readonly statuses: ReadonlyMap<string, number>;
  readonly samples: readonly Sample[];
  readonly before: Awaited<ReturnType<Target['measure']>>;
  readonly after: Awaited<ReturnType<Target['measure']>>;
}> {
  const { reviews } = recording();
  const pipeline = openPipeline({ port: target.port, ca: target.ca, connections: CONNECTIONS });
  const statuses = new Map<string, number>();
  const samples: Sample[] = [];
  const every = Math.max(1, Math.floor(requests / SAMPLES));
  const batches = Math.ceil(requests / BATCH);
  let asked = 0;
  const askOne = async (request: FuzzRequest): Promise<void> => {
    const number = (asked += 1);
    const answer = await pipeline.ask(encodeRequest(request));
    statuses.set(String(answer.status), (statuses.get(String(answer.status)) ?? 0) + 1);
    const wrong = fault(request, answer);
    if (wrong !== undefined) {
      fail(`${wrong}: ${told(request, answer)}`);
    }
    if (number % every === 0) {
      samples.push({ request, answer });
    }
  };
  const askBatch = async (from: number, to: number): Promise<void> => {
    for (let number = from; number < to && target.death() === undefined; number += 1) {
      await inFlight(batch(seed, number, reviews), askOne);
      progress(`fuzz: ${String(asked)} of ${String(batches * BATCH)} requests`);
    }
  };
  try {
    const warm = Math.max(1, Math.floor(batches * WARM_UP));
    await askBatch(0, warm);
    const before = await target.measure();
    await askBatch(warm, batches);
    const after = await target.measure();
    return { asked, statuses, samples, before, after };
  } catch (error) {
    throw new Error(`${target.death() ?? 'no answer'} after ${String(asked)} requests of seed ${String(seed)}`, {
      cause: error,
    });
  } finally {
    pipeline.close();
  }
}

async function inFlight<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS * DEPTH }, worker));
}

/** A server that never saw anything else, and another order: the same bytes. */
async function replay(samples: readonly Sample[], seed: number): Promise<readonly string[]> {
  const target = await startTarget();
  const pipeline: Pipeline = openPipeline({ port: target.port, ca: target.ca, connections: CONNECTIONS });
  const differing: string[] = [];
  const [shuffled = []] = fc.sample(fc.shuffledSubarray([...samples], { minLength: samples.length }), {
    seed,
    numRuns: 1,
  });
  await inFlight(shuffled, async ({ request, answer }) => {
    const again = await pipeline.ask(encodeRequest(request));
    if (again.status !== answer.status || !again.body.equals(answer.body)) {
      differing.push(`answered differently: ${told(request, answer)} / ${shown(again.body)}`);
    }
  });
  pipeline.close();
  await target.stop();
  return differing;
}

/** Enough to see it and to send it again. */
function told({ method, path, body }: FuzzRequest, { status, body: answer }: RawAnswer): string {
  return `${method} ${path} ${body.toString('base64').slice(0, 8000)} => ${String(status)} ${shown(answer)}`;
}

function shown(body: Buffer): string {
  return body.toString('utf8').slice(0, 400);
}
