/** Threads: what each task is answered with, and what becomes of a question whose thread is lost. */
import { execFileSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import {
  createIsolatedAnalyzer,
  DEFAULT_ANALYZER,
  type IsolatedAnalyzer,
} from '../../src/authorizers/isolated-analyzer.ts';
import { until } from '../support/until.ts';

const PERMIT = 'permit(principal, action, resource);';
const spec = (...policies: readonly string[]): { readonly type: string; readonly config: unknown } => ({
  type: 'cedarv1',
  config: { policies },
});
/** Takes a thread a good while: hundreds of times as long as one policy. */
const long = (name: string): ReturnType<typeof spec> =>
  spec(
    ...Array.from(
      { length: 4000 },
      (_, i) =>
        `permit(principal, action, resource == Tool::"${name}${String(i)}") when { context has a && context.a };`,
    ),
  );
const TESTS = {
  name: 'tests',
  action: undefined,
  data: {
    'tests.json': JSON.stringify({
      cases: [{ name: 'c', claims: { sub: 'alice' }, call: { id: 'x' }, expect: 'allow' }],
    }),
  },
};

/** No test of how fast a thread starts. */
const PATIENT = { ...DEFAULT_ANALYZER, timeoutMs: 60_000 };

let analyzer: IsolatedAnalyzer;
beforeEach(() => {
  analyzer = createIsolatedAnalyzer({ ...PATIENT, workers: 1 });
});
afterEach(() => analyzer.close());

it('answers each kind of task', async () => {
  expect((await analyzer.analyze(spec(PERMIT))).problems).toEqual([]);
  expect(await analyzer.testFaults({ ...TESTS, data: { 'tests.json': '{' } }, 'a')).toMatchObject([
    { path: 'data["tests.json"]' },
  ]);
  const { outcomes } = await analyzer.runTests({ maps: [TESTS], config: 'a', after: spec(PERMIT), before: undefined });
  expect(outcomes).toHaveLength(1);
});

it('answers what it was asked before without a thread', async () => {
  const first = await analyzer.analyze(spec(PERMIT));
  await analyzer.close();
  expect(await analyzer.analyze(spec(PERMIT))).toBe(first);
});

it('does not start on a question that nobody waits for any more', async () => {
  const gone = new AbortController();
  const busy = analyzer.analyze(spec(PERMIT));
  const waiting = analyzer.analyze(spec('x'), gone.signal);
  const next = analyzer.analyze(spec('permit(principal);'));
  gone.abort();
  await expect(waiting).rejects.toMatchObject({
    code: 'ANALYSIS_TIMEOUT',
    message: 'the analysis did not start in time',
  });
  expect((await busy).problems).toEqual([]);
  expect((await next).problems).toHaveLength(1);
});

it('tells of a thread that died of what it was given, and goes on with another', async () => {
  const deadly = analyzer.runTests({ maps: null as never, config: 'a', after: spec(PERMIT), before: undefined });
  await expect(deadly).rejects.toMatchObject({
    code: 'ANALYSIS_FAILED',
    message: 'the Cedar module could not take the policies',
    cause: expect.objectContaining({ name: 'TypeError' }) as Error,
  });
  expect((await analyzer.analyze(spec(PERMIT))).problems).toEqual([]);
});

it('gives up and replaces a thread that takes too long', async () => {
  const impatient = createIsolatedAnalyzer({ ...PATIENT, workers: 1, timeoutMs: 1 });
  await expect(impatient.analyze(long('a'))).rejects.toMatchObject({
    code: 'ANALYSIS_TIMEOUT',
    message: 'the analysis took too long',
  });
  await impatient.close();
});

it('does not wait for a thread once the request is gone', async () => {
  const gone = new AbortController();
  const first = analyzer.analyze(long('a'), gone.signal);
  const second = analyzer.analyze(spec(PERMIT));
  gone.abort();
  await expect(first).rejects.toMatchObject({ code: 'ANALYSIS_TIMEOUT', message: 'the analysis took too long' });
  expect((await second).problems).toEqual([]);
});

it('answers each question with its own answer, however many a thread was asked before', async () => {
  await analyzer.analyze(spec(PERMIT));
  await analyzer.analyze(spec('permit(principal, action);'));
  const answers = await Promise.all(
    [spec('forbid('), spec(`${PERMIT} // other`)].map((each) => analyzer.analyze(each)),
  );
  expect(answers.map(({ problems }) => problems.length)).toEqual([1, 0]);
});

describe('of one thread', () => {
  const flow = 'team-a';

  it('whoever had an answer may ask again', async () => {
    expect((await analyzer.analyze(spec(PERMIT), undefined, flow)).problems).toEqual([]);
    expect((await analyzer.analyze(spec('permit(principal);'), undefined, flow)).problems).toHaveLength(1);
  });

  it('whoever went away may, too', async () => {
    const gone = new AbortController();
    const first = analyzer.analyze(long('a'), gone.signal, flow);
    gone.abort();
    await expect(first).rejects.toMatchObject({ code: 'ANALYSIS_TIMEOUT' });
    expect((await analyzer.analyze(spec(PERMIT), undefined, flow)).problems).toEqual([]);
  });
});

describe('of two threads', () => {
  /** Who is answered while one who asks a lot is waiting. */
  async function answeredFirst(slow?: string, quick?: string): Promise<readonly string[]> {
    const two = createIsolatedAnalyzer({ ...PATIENT, workers: 2 });
    const answered: string[] = [];
    const ask = async (flow: string | undefined, what: ReturnType<typeof spec>, name: string): Promise<void> => {
      await two.analyze(what, undefined, flow).catch(() => undefined);
      answered.push(name);
    };
    const waiting = ['a', 'b'].slice(slow === quick ? 1 : 0).map((name) => ask(slow, long(name), 'slow'));
    await ask(quick, spec(PERMIT), 'quick');
    const first = [...answered];
    await two.close();
    await Promise.all(waiting);
    return first;
  }

  it('one is left to others, whoever asks a lot', async () => {
    expect(await answeredFirst('team-a', 'team-b')).toEqual(['quick']);
  });

  it('both are for those who do not say for whom they ask', async () => {
    expect(await answeredFirst()).toEqual(['quick']);
  });
});

describe('a thread that is asked nothing', () => {
  const started: Worker[] = [];
  const onStart = (message: unknown): void => {
    started.push((message as { readonly worker: Worker }).worker); // Node's own channel
  };
  beforeEach(() => {
    started.length = 0;
    subscribe('worker_threads', onStart);
  });
  afterEach(() => unsubscribe('worker_threads', onStart));

  it('is ended after a while, and the next question has another', async () => {
    await analyzer.close();
    analyzer = createIsolatedAnalyzer({ ...PATIENT, workers: 1, idleMs: 1 });
    expect((await analyzer.analyze(spec(PERMIT))).problems).toEqual([]);
    const [first] = started;
    await until('the thread ends', () => first?.threadId === -1);
    expect((await analyzer.analyze(spec('permit(principal);'))).problems).toHaveLength(1);
    expect(started).toHaveLength(2);
  });

  it('is kept where who had an answer goes away', async () => {
    const gone = new AbortController();
    await analyzer.analyze(spec(PERMIT), gone.signal);
    gone.abort();
    expect((await analyzer.analyze(spec('permit(principal);'))).problems).toHaveLength(1);
    expect(started).toHaveLength(1);
  });

  it('is asked the next question until then', async () => {
    await analyzer.analyze(spec(PERMIT));
    await analyzer.analyze(spec('permit(principal);'));
    expect(started).toHaveLength(1);
  });
});

it('ends every question when it is closed, also one that waits and one that comes later', async () => {
  const ended = { code: 'ANALYSIS_FAILED', message: 'the analysis was ended' };
  const asked = [long('a'), spec(PERMIT)].map((each) => expect(analyzer.analyze(each)).rejects.toMatchObject(ended));
  await analyzer.close();
  await Promise.all(asked);
  await expect(analyzer.analyze(spec('x'))).rejects.toMatchObject(ended);
});

it('runs every line of what is in the thread', () => {
  // Twice: some Nodes do not tell how long a thread worked.
  const missed = ['', '--import=data:text/javascript,delete(process.threadCpuUsage)'].map(missedInThread);
  expect(missed[0]?.filter((text) => missed[1]?.includes(text))).toEqual([]);
});

/** What coverage of the main thread does not show (jest.config.js leaves it out). */
const IN_THREAD = ['analyzer-worker.ts', 'analyzer-tests.ts'];

/** Parts of the thread's source that a program which asks for everything does not run, as V8 counted them there. */
function missedInThread(nodeOptions: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-authz-coverage-'));
  const source = join(import.meta.dirname, '../../src/authorizers/isolated-analyzer.ts');
  const program = `
    import { ADMISSION_TESTS, createIsolatedAnalyzer } from ${JSON.stringify(pathToFileURL(source).href)};
    const analyzer = createIsolatedAnalyzer({ ...ADMISSION_TESTS, timeoutMs: 60_000 });
    const after = ${JSON.stringify(spec(PERMIT))};
    const tests = ${JSON.stringify(TESTS)};
    await analyzer.analyze(after);
    await analyzer.testFaults(tests, 'a');
    await analyzer.runTests({ maps: [tests], config: 'a', after });
    await analyzer.close();
  `;
  try {
    writeFileSync(join(folder, 'program.mjs'), program);
    execFileSync(process.execPath, [join(folder, 'program.mjs')], {
      env: { ...process.env, NODE_OPTIONS: nodeOptions, NODE_V8_COVERAGE: folder },
    });
    const covered = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as CoverageFile).result);
    return IN_THREAD.flatMap((file) => {
      const ranges = covered
        .filter(({ url }) => url.endsWith(`/${file}`))
        .flatMap(({ functions }) => functions.flatMap((each) => each.ranges));
      expect(ranges.length).toBeGreaterThan(0);
      const text = readFileSync(join(source, '..', file), 'utf8');
      return ranges.flatMap(({ count, startOffset, endOffset }) =>
        count === 0 ? [text.slice(startOffset, endOffset)] : [],
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What V8 writes (Node documentation, NODE_V8_COVERAGE), as far as it is read here. */
interface CoverageFile {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
    }[];
  }[];
}
