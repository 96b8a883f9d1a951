/** Four times as much as can be served, and one namespace that asks for all of it. */
import { encodeRequest, openPipeline, type Pipeline } from './pipeline.ts';
import { createFailures, MEGABYTE, megabytes, type Failures, type Section, type TortureOptions } from './section.ts';
import { startTarget } from './target-process.ts';

/** As many as an API server calls webhooks at a time, and some more. */
const CONNECTIONS = 400;
const TIMES = 4;
const NAMESPACES = 8;
/** Policies of a config: an analysis takes some milliseconds in a thread of its own; fewer where the machine is slow. */
const POLICIES = [60, 20, 6];
/** Requests a second that leave something to be shared out. */
const ENOUGH = 40;
const WARM_UP_SECONDS = 2;
const CAPACITY_SECONDS = 3;
const TICK_MS = 20;
/** The webhook's timeout: what is served later is not heard. */
const SERVED_WITHIN_MS = 10_000;
/** A refusal costs a round trip, no place in a queue; the caller is as busy as the server, though. */
const REFUSED_WITHIN_MS = 2500;
const RECOVERED_WITHIN_MS = 5000;
/** What a quiet namespace asks for, of what can be served. */
const QUIET_SHARE = 0.05;
const TOLERANCE = 16 * MEGABYTE;

export const overload: Section = async (options) => {
  const failures = createFailures();
  const target = await startTarget();
  const pipeline = openPipeline({ port: target.port, ca: target.ca, connections: CONNECTIONS });
  const asker = createAsker(pipeline);
  try {
    options.progress('overload: what it can serve');
    await closedLoop(asker, WARM_UP_SECONDS);
    const before = await target.measure();
    await closedLoop(asker, WARM_UP_SECONDS); // its threads are new
    const capacity = await calibrate(asker);
    const everybody = await flood(asker, capacity * TIMES, options, undefined);
    const recovery = await recover(asker, capacity);
    const beside = quietly(asker, capacity * QUIET_SHARE);
    const noisy = await flood(asker, capacity * TIMES, options, beside.tick);
    const quiet = await beside.all();
    const after = await target.measure();
    judge({ everybody, recovery, quiet, failures });
    if (after.heap - before.heap > TOLERANCE) {
      failures.add(`the heap grew from ${String(megabytes(before.heap))} to ${String(megabytes(after.heap))} MB`);
    }
    after.errors.forEach(failures.add);
    return {
      section: 'overload',
      figures: {
        'policies of a config': asker.policies,
        'served with no overload (requests/s)': Math.round(capacity),
        'offered (requests/s)': Math.round(capacity * TIMES),
        ...figuresOf('all namespaces', everybody),
        'recovered after (ms)': Math.round(recovery),
        ...figuresOf('one noisy namespace', noisy),
        ...figuresOf('a quiet one beside it', quiet),
        'heap before (MB)': megabytes(before.heap),
        'heap after (MB)': megabytes(after.heap),
      },
      failures: failures.list(),
    };
  } catch (error) {
    throw new Error(target.death() ?? 'the overload could not be made', { cause: error });
  } finally {
    pipeline.close();
    await target.stop();
  }
};

interface Answered {
  readonly status: number;
  readonly milliseconds: number;
  readonly retryAfter: boolean;
}

interface Ask {
  (namespace: string): Promise<Answered>;
  policies: number;
}

function createAsker(pipeline: Pipeline): Ask {
  let number = 0;
  const ask = async (namespace: string): Promise<Answered> => {
    number += 1;
    const started = performance.now();
    const { status, head } = await pipeline.ask(config(namespace, number, asker.policies));
    const milliseconds = performance.now() - started;
    return { status, milliseconds, retryAfter: /\r\nretry-after: 1\b/i.test(head) };
  };
  const asker: Ask = Object.assign(ask, { policies: POLICIES[0] ?? 1 });
  return asker;
}

/** Sets how large configs are, and hands back how many of them are served a second. */
async function calibrate(ask: Ask): Promise<number> {
  let capacity = 0;
  for (const policies of POLICIES) {
    ask.policies = policies;
    capacity = await closedLoop(ask, CAPACITY_SECONDS);
    if (capacity >= ENOUGH) {
      break;
    }
  }
  return capacity;
}

/** A config that nobody has seen before. */
function config(namespace: string, number: number, count: number): Buffer {
  const policies = Array.from(
    { length: count },
    (_, index) =>
      `permit(principal, action == Action::"call_tool", resource == Tool::"tool-${String(number)}-${String(index)}");`,
  );
  const kind = { group: 'toolhive.stacklok.dev', version: 'v1beta1', kind: 'MCPAuthzConfig' };
  const request = {
    uid: `u-${String(number)}`,
    kind,
    resource: { group: kind.group, version: kind.version, resource: 'mcpauthzconfigs' },
    ...{ name: 'a', namespace, operation: 'CREATE', userInfo: { username: 'alice' } },
    object: {
      apiVersion: `${kind.group}/${kind.version}`,
      kind: kind.kind,
      metadata: { name: 'a', namespace },
      spec: { type: 'cedarv1', config: { policies } },
    },
  };
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
  return encodeRequest({
    method: 'POST',
    path: '/validate?timeout=10s',
    contentType: 'application/json',
    body: Buffer.from(body),
  });
}

/** Answers a second where each waits for the one before it. */
async function closedLoop(ask: Ask, seconds: number, width = 16): Promise<number> {
  const started = performance.now();
  let served = 0;
  const worker = async (_value: unknown, index: number): Promise<void> => {
    while (performance.now() - started < seconds * 1000) {
      const { status } = await ask(`ns-${String(index % NAMESPACES)}`);
      served += status === 200 ? 1 : 0;
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return served / ((performance.now() - started) / 1000);
}

/**
 * As many a second as that, and never less than so many times what is served, since a busy machine serves now more and now
 * less; whatever becomes of those before. `tick` is called now and then. */
async function flood(
  ask: Ask,
  perSecond: number,
  { overloadSeconds, progress }: TortureOptions,
  tick: ((elapsed: number) => void) | undefined,
): Promise<readonly Answered[]> {
  const answered: Answered[] = [];
  const flying = new Set<Promise<void>>();
  const started = performance.now();
  let sent = 0;
  let served = 0;
  for (let elapsed = 0; elapsed < overloadSeconds * 1000; elapsed = performance.now() - started) {
    const due = Math.max((elapsed / 1000) * perSecond, served * TIMES);
    for (; sent < due; sent += 1) {
      const namespace = tick === undefined ? `ns-${String(sent % NAMESPACES)}` : 'noisy';
      const call = ask(namespace).then((answer) => {
        answered.push(answer);
        served += answer.status === 200 ? 1 : 0;
        flying.delete(call);
      });
      flying.add(call);
    }
    tick?.(elapsed);
    progress(`overload: ${String(answered.length)} of ${String(sent)} answered`);
    await pause(TICK_MS);
  }
  await Promise.all(flying);
  return answered;
}

interface Quietly {
  readonly tick: (elapsed: number) => void;
  readonly all: () => Promise<readonly Answered[]>;
}

function quietly(ask: Ask, perSecond: number): Quietly {
  const calls: Promise<Answered>[] = [];
  return {
    tick: (elapsed) => {
      while (calls.length < (elapsed / 1000) * perSecond) {
        calls.push(ask('quiet'));
      }
    },
    all: () => Promise.all(calls),
  };
}

/** How long after the flood until a tenth of a second's work is served whole again. */
async function recover(ask: Ask, capacity: number): Promise<number> {
  const started = performance.now();
  const work = Math.max(4, Math.round(capacity / 10));
  while (performance.now() - started < RECOVERED_WITHIN_MS * 2) {
    const answers = await Promise.all(Array.from({ length: work }, (_, i) => ask(`ns-${String(i % NAMESPACES)}`)));
    if (answers.every(({ status }) => status === 200)) {
      return performance.now() - started;
    }
  }
  return performance.now() - started;
}

interface Outcome {
  readonly everybody: readonly Answered[];
  readonly recovery: number;
  readonly quiet: readonly Answered[];
  readonly failures: Failures;
}

function judge({ everybody, recovery, quiet, failures }: Outcome): void {
  const refused = everybody.filter(({ status }) => status === 429);
  if (refused.length === 0) {
    failures.add('nothing was refused');
  }
  if (refused.some(({ retryAfter }) => !retryAfter)) {
    failures.add('a refusal without Retry-After');
  }
  const others = everybody.filter(({ status }) => status !== 200 && status !== 429);
  if (others.length > 0) {
    failures.add(`${String(others.length)} answers were neither 200 nor 429, such as ${String(others[0]?.status)}`);
  }
  const bounds = [
    ['what is served', everybody.filter(({ status }) => status === 200), SERVED_WITHIN_MS],
    ['what is refused', refused, REFUSED_WITHIN_MS],
    ['the quiet namespace', quiet, SERVED_WITHIN_MS],
  ] as const;
  for (const [what, answers, bound] of bounds) {
    if (percentile(answers, 0.99) > bound) {
      failures.add(`p99 of ${what}: ${String(percentile(answers, 0.99))} ms, over ${String(bound)}`);
    }
  }
  if (recovery > RECOVERED_WITHIN_MS) {
    failures.add(`recovered only after ${String(Math.round(recovery))} ms`);
  }
  const starved = quiet.filter(({ status }) => status !== 200).length;
  if (starved > 0 || quiet.length === 0) {
    failures.add(`${String(starved)} of ${String(quiet.length)} requests of the quiet namespace were not served`);
  }
}

function percentile(answers: readonly Answered[], share: number): number {
  const sorted = answers.map(({ milliseconds }) => milliseconds).sort((left, right) => left - right);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

function figuresOf(who: string, answers: readonly Answered[]): Readonly<Record<string, number>> {
  const served = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  return {
    [`${who}: served`]: served.length,
    [`${who}: refused`]: refused.length,
    [`${who}: p99 of what was served (ms)`]: percentile(served, 0.99),
    [`${who}: p99 of refusals (ms)`]: percentile(refused, 0.99),
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
