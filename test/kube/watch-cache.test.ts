/** What the watch cache lives through. The server is real HTTP; faults are injected, and time where a test needs it. */
import { at } from '../../src/api/json.ts';
import { systemClock, type Clock } from '../../src/kube/clock.ts';
import { createWatchCache, type CacheChange, type WatchCache, type WatchTimeouts } from '../../src/kube/watch-cache.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import {
  answer,
  COLLECTION,
  neverAnswer,
  resetConnection,
  startFaultServer,
  status,
  type Fault,
  type FaultServer,
} from '../support/fault-server.ts';
import { createTestLog } from '../support/log.ts';
import { until } from '../support/until.ts';

interface Running {
  readonly cache: WatchCache<string>;
  readonly changes: readonly CacheChange<string>[];
  readonly ended: readonly string[];
  readonly lines: readonly { readonly level: string; readonly message: string }[];
  readonly stop: () => Promise<void>;
}

const QUICK = { backoff: { firstMs: 1, ceilingMs: 20 } };

let server: FaultServer;
const running: Running[] = [];

beforeEach(async () => {
  server = await startFaultServer();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  await server.close();
});

function start(timeouts: Partial<WatchTimeouts> = {}, clock: Clock = systemClock): Running {
  const { logger, lines } = createTestLog();
  const changes: CacheChange<string>[] = [];
  const ended: string[] = [];
  const cache = createWatchCache({
    client: server.client,
    path: () => COLLECTION,
    project: (object) => {
      const value = at(object, 'spec', 'value');
      if (value === 'bug') {
        throw new Error('cannot be projected');
      }
      return String(value);
    },
    clock,
    logger,
    metrics: {
      watchEnded: (_resource, reason) => ended.push(reason),
      listed: () => undefined,
      watching: () => undefined,
    },
    timeouts: { ...QUICK, ...timeouts },
  });
  cache.onChange((change) => changes.push(change));
  const controller = new AbortController();
  const end = cache.run(controller.signal);
  const started: Running = {
    ...{ cache, changes, ended, lines },
    stop: () => {
      controller.abort();
      return end;
    },
  };
  running.push(started);
  return started;
}

async function watching(): Promise<void> {
  await until('a watch is open', () => server.watches() === 1);
}

/** The cache's own limit for an answer. */
const ANSWER_MS = 60_000;

/** The server sees a watch before its client does: until then the client's timer for an answer is the next one. */
async function watchingBy(clock: FakeClock): Promise<void> {
  await watching();
  await until('the client has the answer', () => (clock.next() ?? 0) > ANSWER_MS);
}

const contents = ({ cache }: Running): readonly string[] =>
  cache
    .list()
    .map(({ namespace, name, value }) => `${namespace}/${name}=${value}`)
    .sort();

it('lists all pages, then follows what is added, changed and removed', async () => {
  for (let i = 0; i < 8; i += 1) {
    server.put(i % 2 === 0 ? 'even' : 'odd', `s${String(i)}`, 'v');
  }
  const run = start();
  expect([run.cache.synced(), run.cache.fault()]).toEqual([false, 'mcpservers were not read yet']);
  await watching();
  expect(run.cache.synced()).toBe(true);
  expect(run.cache.fault()).toBeUndefined();
  expect(server.requests('list')).toHaveLength(3);
  expect(contents(run)).toHaveLength(8);
  server.put('even', 's0', 'w');
  server.put('new', 'n', 'v');
  server.remove('odd', 's1');
  await until('the removal arrives', () => run.cache.get('odd', 's1') === undefined);
  expect(run.changes.slice(8)).toEqual([
    { namespace: 'even', name: 's0', before: 'v', after: 'w', resourceVersion: '109' },
    { namespace: 'new', name: 'n', before: undefined, after: 'v', resourceVersion: '110' },
    { namespace: 'odd', name: 's1', before: 'v', after: undefined, resourceVersion: undefined },
  ]);
  expect(run.cache.list('even').map(({ name }) => name)).toEqual(['s0', 's2', 's4', 's6']);
  expect([run.cache.list('nowhere'), run.cache.get('new', 'n')]).toEqual([[], 'v']);
  const [watch] = server.requests('watch');
  expect(Object.fromEntries(watch?.searchParams ?? [])).toEqual({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: '108',
    timeoutSeconds: expect.stringMatching(/^[345]\d\d$/) as string,
  });
});

it.each<[string, readonly Fault[], string]>([
  ['a reset connection', [resetConnection, resetConnection], 'unreachable'],
  ['500', [answer(500, status(500, 'InternalError', 'etcd is gone'))], 'refused'],
  ['429 with Retry-After', [answer(429, status(429, 'TooManyRequests', 'later'), { 'Retry-After': '0' })], 'refused'],
  ['403', [answer(403, status(403, 'Forbidden', 'not you'))], 'refused'],
  ['something that is no list', [answer(200, '{}'), answer(200, '<html>')], 'refused'],
])('the first list is asked for until it comes: %s', async (_title, faults, reason) => {
  server.put('ns', 'a', 'v');
  server.next('list', ...faults);
  const run = start();
  await watching();
  expect(contents(run)).toEqual(['ns/a=v']);
  expect(run.ended).toEqual(faults.map(() => reason));
});

it('a list that outlives its first page is read anew', async () => {
  for (const name of ['a', 'b', 'c', 'd']) {
    server.put('ns', name, 'v');
  }
  const first: Fault = (response, url) => {
    answer(
      200,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        metadata: { resourceVersion: '1', continue: 'old' },
        items: [{ metadata: { namespace: 'ns', name: 'gone', uid: 'u', resourceVersion: '1' }, spec: { value: 'v' } }],
      }),
    )(response, url);
  };
  server.next('list', first, answer(410, status(410, 'Expired', 'the continue parameter is too old')));
  const run = start();
  await watching();
  expect(contents(run)).toEqual(['ns/a=v', 'ns/b=v', 'ns/c=v', 'ns/d=v']);
  expect(run.ended).toEqual(['expired']);
});

it.each(['end', 'reset'] as const)('a watch that ends (%s) goes on where it was, without a list', async (how) => {
  server.put('ns', 'a', 'v');
  const run = start();
  await watching();
  server.put('ns', 'b', 'v');
  await until('b arrives', () => run.cache.get('ns', 'b') === 'v');
  server.mute(true);
  server.put('ns', 'c', 'v');
  server.remove('ns', 'a');
  server.mute(false);
  server.endWatches(how);
  await until('what was missed arrives', () => run.cache.get('ns', 'a') === undefined);
  expect(contents(run)).toEqual(['ns/b=v', 'ns/c=v']);
  expect(server.requests('list')).toHaveLength(1);
  expect(server.requests('watch')[1]?.searchParams.get('resourceVersion')).toBe('102');
});

it('a bookmark moves the place from where the next watch goes on', async () => {
  server.put('ns', 'a', 'v');
  const run = start();
  await watching();
  server.mute(true);
  server.put('other', 'not-sent', 'v');
  server.mute(false);
  server.bookmark();
  server.endWatches('end');
  await until('a second watch', () => server.requests('watch').length === 2);
  expect(server.requests('watch')[1]?.searchParams.get('resourceVersion')).toBe('102');
  expect(run.ended).toEqual(['ended']);
});

describe('what cannot be gone on from is listed anew', () => {
  const gone = `{"type":"ERROR","object":${status(410, 'Expired', 'too old resource version: 1 (2)')}}\n`;
  it.each<[string, () => void, string]>([
    [
      'HTTP 410',
      () => {
        server.endWatches('end');
      },
      'expired',
    ],
    [
      '410 in the stream',
      () => {
        server.send(gone);
      },
      'expired',
    ],
    [
      '500 in the stream',
      () => {
        server.send(gone.replaceAll('410', '500'));
      },
      'reported',
    ],
    [
      'a line that is no JSON',
      () => {
        server.send('{"type":"ADDED","object":{"metadata\n');
      },
      'malformed',
    ],
    [
      'a line that is no object',
      () => {
        server.send('[1]\n');
      },
      'malformed',
    ],
    [
      'an object without metadata',
      () => {
        server.send('{"type":"ADDED","object":{"kind":"K","apiVersion":"v1"}}\n');
      },
      'malformed',
    ],
    [
      'a type that nobody knows',
      () => {
        server.send('{"type":"MOVED","object":{}}\n');
      },
      'malformed',
    ],
    [
      'a line without an end',
      () => {
        server.send('x'.repeat(5000));
      },
      'malformed',
    ],
  ])('%s', async (_title, fault, reason) => {
    server.put('ns', 'deleted', 'v');
    server.put('ns', 'recreated', 'old');
    server.put('ns', 'kept', 'v');
    const run = start({ lineBytes: 4096 });
    await watching();
    server.mute(true);
    server.remove('ns', 'deleted');
    server.remove('ns', 'recreated');
    server.put('ns', 'recreated', 'new');
    server.put('ns', 'added', 'v');
    server.compact();
    server.mute(false);
    fault();
    await until(
      'a second list and a watch after it',
      () => server.requests('list').length === 2 && run.cache.get('ns', 'deleted') === undefined,
    );
    await watching();
    expect(run.ended).toContain(reason);
    expect(contents(run)).toEqual(['ns/added=v', 'ns/kept=v', 'ns/recreated=new']);
    expect(run.changes.slice(3)).toEqual(
      expect.arrayContaining([
        { namespace: 'ns', name: 'recreated', before: 'old', after: undefined, resourceVersion: undefined },
        { namespace: 'ns', name: 'recreated', before: undefined, after: 'new', resourceVersion: '106' },
        { namespace: 'ns', name: 'added', before: undefined, after: 'v', resourceVersion: '107' },
        { namespace: 'ns', name: 'deleted', before: 'v', after: undefined, resourceVersion: undefined },
      ]),
    );
    expect(run.changes).toHaveLength(7);
  });
});

it('a connection that went silent is dropped and gone on from; after the second in a row the list is read anew', async () => {
  server.put('ns', 'a', 'v');
  const run = start({ silenceMs: 60 });
  await watching();
  server.mute(true);
  server.put('ns', 'b', 'v');
  await until('two silences', () => run.ended.length === 2);
  expect(run.ended).toEqual(['silent', 'silent']);
  await until('the list brings it', () => run.cache.get('ns', 'b') === 'v');
  expect(server.requests('list')).toHaveLength(2);
  await until('the dropped connections are closed', () => server.watches() <= 1);
});

it('after a silence the next watch is short, so that its own end is the sign of life, until something comes', async () => {
  const clock = createFakeClock(0);
  const run = start({ silenceMs: 100_000, relistMs: 1e9 }, clock);
  const seconds = (): readonly unknown[] =>
    server.requests('watch').map((url) => url.searchParams.get('timeoutSeconds'));
  await watchingBy(clock);
  clock.advance(100_000);
  await until('a pause', () => run.ended.length === 1 && clock.pending() === 1);
  clock.advance(1);
  await until('a short watch', () => seconds().length === 2);
  await watchingBy(clock);
  clock.advance(80_000);
  server.endWatches('end');
  await until('another short watch', () => seconds().length === 3);
  await watchingBy(clock);
  server.put('ns', 'a', 'v');
  await until('it arrives', () => run.cache.get('ns', 'a') === 'v');
  clock.advance(80_000);
  server.endWatches('end');
  await until('a long watch', () => seconds().length === 4);
  expect([seconds(), run.ended]).toEqual([
    ['300', '80', '80', '300'],
    ['silent', 'ended', 'ended'],
  ]);
  expect(server.requests('list')).toHaveLength(1);
});

it('bookmarks keep a quiet watch alive', async () => {
  const clock = createFakeClock();
  const run = start({ silenceMs: 100_000 }, clock);
  await watchingBy(clock);
  for (let i = 0; i < 5; i += 1) {
    clock.advance(60_000);
    expect(run.cache.lagSeconds()).toBe(60);
    server.bookmark();
    await until('it is heard', () => run.cache.lagSeconds() === 0);
  }
  expect(server.requests('watch')).toHaveLength(1);
});

it('a list or a watch that is never answered is given up', async () => {
  server.put('ns', 'a', 'v');
  server.next('list', neverAnswer);
  server.next('watch', neverAnswer);
  const run = start({ answerMs: 50 });
  await watching();
  expect(run.ended).toEqual(['unreachable', 'unanswered']);
  expect(contents(run)).toEqual(['ns/a=v']);
});

it('a watch that the API server forgets to end is ended, as if it had', async () => {
  const clock = createFakeClock();
  const run = start({ watchSeconds: () => 100, silenceMs: 1e9 }, clock);
  await watchingBy(clock);
  clock.advance(129_999);
  expect(run.ended).toEqual([]);
  clock.advance(1);
  await until('another watch', () => server.requests('watch').length === 2);
  expect(run.ended).toEqual(['ended']);
});

it('the list is read anew from time to time, and what did not change is not told again', async () => {
  const clock = createFakeClock(0);
  server.put('ns', 'a', 'v');
  const run = start({ relistMs: 600_000, watchSeconds: () => 500, silenceMs: 1e9 }, clock);
  await watchingBy(clock);
  for (const [advanced, seconds] of [
    [0, '500'],
    [500_000, '100'],
  ] as const) {
    clock.advance(advanced);
    if (advanced > 0) {
      server.endWatches('end');
    }
    await until(
      'the next watch',
      () => server.requests('watch').at(-1)?.searchParams.get('timeoutSeconds') === seconds,
    );
    await watchingBy(clock);
  }
  clock.advance(100_000);
  server.endWatches('end');
  await until('a second list', () => server.requests('list').length === 2);
  await until('a third watch', () => server.requests('watch').length === 3);
  expect(run.changes).toHaveLength(1);
});

it('while it cannot be read the fault says so, the lag grows, and what was known stays', async () => {
  const clock = createFakeClock();
  server.put('ns', 'a', 'v');
  const run = start({ staleMs: 180_000 }, clock);
  await watchingBy(clock);
  server.next('watch', ...Array.from({ length: 50 }, () => resetConnection));
  server.endWatches('reset');
  await until('it is interrupted', () => run.ended.length === 1);
  clock.advance(180_000);
  expect([run.cache.fault(), run.cache.lagSeconds()]).toEqual([undefined, 180]);
  clock.advance(20_000);
  expect(run.cache.fault()).toMatch(/^mcpservers: nothing heard from the API server for 200 s: .*ECONNRESET/);
  expect([run.cache.synced(), run.cache.get('ns', 'a')]).toEqual([true, 'v']);
  expect(run.lines.filter(({ level }) => level === 'info')).toEqual([
    expect.objectContaining({ message: 'watch cache: interrupted' }),
  ]);
});

it('tries again ever later, up to the ceiling, and from the beginning once it went well', async () => {
  const clock = createFakeClock(1);
  const run = start({ backoff: { firstMs: 1000, ceilingMs: 5000 }, silenceMs: 1e9 }, clock);
  await watchingBy(clock);
  clock.advance(20_000); // the watch was fine for a while
  server.next('watch', ...Array.from({ length: 4 }, () => resetConnection));
  server.endWatches('reset');
  for (const [index, delay] of [1000, 2000, 4000, 5000, 5000].entries()) {
    await until('the pause', () => run.ended.length === index + 1 && clock.pending() === 1);
    expect(clock.next()).toBe(delay);
    clock.advance(delay);
  }
  await watchingBy(clock);
  clock.advance(20_000);
  server.endWatches('reset');
  await until('the pause', () => run.ended.length === 6 && clock.pending() === 1);
  expect(clock.next()).toBe(1000);
});

it('a server that ends every watch at once is not asked in a hot loop', async () => {
  const clock = createFakeClock(1);
  const endAtOnce: Fault = (response, url) => {
    answer(200, '')(response, url);
  };
  server.next('watch', ...Array.from({ length: 100 }, () => endAtOnce));
  const run = start({ backoff: { firstMs: 1000, ceilingMs: 5000 } }, clock);
  for (const [index, delay] of [1000, 2000, 4000, 5000].entries()) {
    await until('the pause', () => run.ended.length === index + 2 && clock.pending() === 1);
    expect(clock.next()).toBe(delay);
    clock.advance(delay);
  }
});

it('does as Retry-After says', async () => {
  const clock = createFakeClock();
  server.next('list', answer(429, status(429, 'TooManyRequests', 'later'), { 'Retry-After': '17' }));
  const run = start({}, clock);
  await until('it waits', () => run.ended.length === 1 && clock.pending() === 1);
  expect(clock.next()).toBe(17_000);
});

it('a projection or a listener that throws ends nothing, and is told', async () => {
  server.put('ns', 'a', 'v');
  const run = start();
  await watching();
  run.cache.onChange(() => {
    throw new Error('a listener');
  });
  server.put('ns', 'a', 'bug');
  server.put('ns', 'b', 'v');
  await until('b arrives', () => run.cache.get('ns', 'b') === 'v');
  expect(run.cache.get('ns', 'a')).toBe('v');
  expect(run.lines.filter(({ level }) => level === 'error')).toEqual([
    expect.objectContaining({ fields: { resource: 'mcpservers', object: 'ns/a', error: 'cannot be projected' } }),
    expect.objectContaining({ fields: { resource: 'mcpservers', object: 'ns/b', error: 'a listener' } }),
  ]);
});

it('who unsubscribed hears nothing more', async () => {
  const run = start();
  await watching();
  const heard: string[] = [];
  const unsubscribe = run.cache.onChange(({ name }) => heard.push(name));
  server.put('ns', 'a', 'v');
  await until('a arrives', () => run.cache.get('ns', 'a') === 'v');
  unsubscribe();
  server.put('ns', 'b', 'v');
  await until('b arrives', () => run.cache.get('ns', 'b') === 'v');
  expect(heard).toEqual(['a']);
});

it('characters torn between two packets arrive whole', async () => {
  const run = start();
  await watching();
  const object = {
    apiVersion: 'toolhive.stacklok.dev/v1beta1',
    kind: 'MCPServer',
    metadata: { namespace: 'ns', name: 'a', uid: 'u', resourceVersion: '200' },
    spec: { value: 'Grüße, 世界 🌍' },
  };
  const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  for (const byte of bytes) {
    server.send(Buffer.from([byte]));
  }
  await until('it arrives', () => run.cache.get('ns', 'a') !== undefined);
  expect(run.cache.get('ns', 'a')).toBe('Grüße, 世界 🌍');
});

it('hundreds of interruptions leave no connection, timer or listener behind', async () => {
  const clock: Clock & { open: number } = {
    ...systemClock,
    open: 0,
    after: (ms, callback) => {
      clock.open += 1;
      let counted = true;
      const settle = (): void => {
        clock.open -= counted ? 1 : 0;
        counted = false;
      };
      const cancel = systemClock.after(ms, () => {
        settle();
        callback();
      });
      return () => {
        settle();
        cancel();
      };
    },
  };
  server.put('ns', 'a', 'v');
  const run = start({ backoff: { firstMs: 1, ceilingMs: 1 } }, clock);
  for (let i = 0; i < 300; i += 1) {
    await watching();
    server.endWatches(i % 2 === 0 ? 'end' : 'reset');
    await until('it is noticed', () => run.ended.length === i + 1);
  }
  await watching();
  expect(server.requests('list')).toHaveLength(1);
  await until('one connection is left', () => server.sockets() <= 2);
  expect(clock.open).toBe(2); // the end of the watch, and its silence
  await run.stop();
  expect(clock.open).toBe(0);
  await until('no connection is in use', () => server.watches() === 0);
});

it('a signal that is aborted already ends it before it asks', async () => {
  const run = start();
  await run.stop();
  const requests = server.requests('list').length;
  await run.cache.run(AbortSignal.abort());
  expect(server.requests('list')).toHaveLength(requests);
});
