/** Many reads by the page: what is taken from one, and what is left to be read by itself. */
import { setImmediate as turn } from 'node:timers/promises';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { WORKLOADS } from '../../src/api/toolhive.ts';
import type { CacheChange, CacheEntry, WatchCache } from '../../src/kube/watch-cache.ts';
import type { ConfigEntry, WorkloadEntry } from '../../src/reconcile/caches.ts';
import { createReadAhead, expectEverybody, followAhead, type ReadAhead } from '../../src/reconcile/read-ahead.ts';
import { createReferrerIndex } from '../../src/reconcile/referrer-index.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { server } from '../support/objects.ts';

const names = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, index) => `w${String(from + index).padStart(3, '0')}`);
const object = (name: string): KubernetesObject => server({}, { name });

interface Scene {
  readonly ahead: ReadAhead;
  readonly clock: FakeClock;
  readonly take: (name: string, signal?: AbortSignal) => Promise<string | undefined>;
  /** Pages that were asked for. */
  readonly turned: () => number;
  readonly stopped: () => boolean;
}

/** Pages of ten; `wait` holds the second one back. */
function setUp({
  count = 30,
  wait,
  failing = false,
}: { count?: number; wait?: Promise<unknown>; failing?: boolean } = {}): Scene {
  const clock = createFakeClock();
  let turned = 0;
  let stopped = false;
  async function* pages(
    _resource: string,
    _namespace: string,
    signal: AbortSignal,
  ): AsyncGenerator<{ items: KubernetesObject[] }> {
    signal.addEventListener('abort', () => (stopped = true));
    for (let from = 0; from < count; from += 10) {
      turned += 1;
      if (from > 0) {
        await wait;
      }
      if (failing) {
        throw new Error('no list');
      }
      yield { items: names(from, Math.min(from + 10, count)).map(object) };
    }
  }
  const ahead = createReadAhead({ pages, clock });
  return {
    ...{ ahead, clock, turned: () => turned, stopped: () => stopped },
    take: async (name, signal = new AbortController().signal) =>
      (await ahead.take('mcpservers', 'ns', name, signal))?.metadata.name,
  };
}

it('gives what is expected, each once, a page when the first of it is asked for', async () => {
  const { ahead, take, turned } = setUp();
  expect(await take('w000')).toBeUndefined();
  ahead.expect('mcpservers', 'ns', names(0, 30));
  expect(turned()).toBe(0);
  for (const name of names(0, 10)) {
    expect(await take(name)).toBe(name);
  }
  expect([turned(), await take('w003')]).toEqual([1, undefined]);
  // Those who ask at the same time share a page.
  expect(await Promise.all(['w010', 'w011', 'w012'].map((name) => take(name)))).toEqual(['w010', 'w011', 'w012']);
  expect(turned()).toBe(2);
  // What was passed over is read by itself.
  expect([await take('w020'), await take('w013')]).toEqual(['w020', undefined]);
});

it('keeps to what is expected: other objects of the namespace, kind or place are read', async () => {
  const { ahead, take } = setUp();
  ahead.expect('mcpservers', 'ns', ['w001', 'w005', 'x']);
  expect(await take('w002')).toBeUndefined();
  expect(await ahead.take('mcpservers', 'other', 'w001', new AbortController().signal)).toBeUndefined();
  expect(await ahead.take('virtualmcpservers', 'ns', 'w001', new AbortController().signal)).toBeUndefined();
  expect(await take('w005')).toBe('w005');
  expect(await take('x')).toBeUndefined(); // not there, by the list
});

it('does not give what a watch told of, not even where a page is on its way', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { ahead, take } = setUp({ wait: promise });
  ahead.expect('mcpservers', 'ns', names(0, 30));
  expect(await take('w000')).toBe('w000');
  ahead.forget('mcpservers', 'ns', 'w001');
  expect(await take('w001')).toBeUndefined();
  const taking = Promise.all([take('w010'), take('w011')]);
  await turn();
  ahead.forget('mcpservers', 'ns', 'w010');
  ahead.forget('mcpservers', 'ns', 'w012');
  resolve(undefined);
  expect(await taking).toEqual([undefined, 'w011']);
  expect(await take('w012')).toBeUndefined();
});

it('a list that fails leaves everything to be read by itself', async () => {
  const { ahead, take, turned } = setUp({ failing: true });
  ahead.expect('mcpservers', 'ns', names(0, 30));
  expect(await Promise.all([take('w000'), take('w001')])).toEqual([undefined, undefined]);
  expect([await take('w002'), turned()]).toEqual([undefined, 1]);
});

it('a pass that is given up does not wait, and ends the list for all', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { ahead, take, stopped } = setUp({ wait: promise });
  ahead.expect('mcpservers', 'ns', names(0, 30));
  await take('w000');
  const pass = new AbortController();
  const taking = take('w010', pass.signal);
  pass.abort();
  expect(stopped()).toBe(true);
  resolve(undefined);
  expect([await taking, await take('w011')]).toEqual([undefined, undefined]);
});

it('what was listed long ago is not used, and waiting for the first of it does not count', async () => {
  const { ahead, clock, take } = setUp();
  ahead.expect('mcpservers', 'ns', names(0, 30));
  clock.advance(60_000);
  expect(await take('w000')).toBe('w000');
  clock.advance(30_001);
  expect(await take('w001')).toBeUndefined();
});

it.each<[string, (ahead: ReadAhead) => void]>([
  [
    'a new edit',
    (ahead) => {
      ahead.expect('mcpservers', 'ns', names(20, 30));
    },
  ],
  [
    'another leader',
    (ahead) => {
      ahead.reset();
    },
  ],
  [
    'all of them told of',
    (ahead) => {
      names(0, 30).forEach((name) => {
        ahead.forget('mcpservers', 'ns', name);
      });
    },
  ],
])('%s ends what was begun', async (_title, end) => {
  const { ahead, take, stopped } = setUp();
  ahead.expect('mcpservers', 'ns', names(0, 30));
  await take('w000');
  end(ahead);
  expect([stopped(), await take('w001')]).toEqual([true, undefined]);
});

describe('an edit', () => {
  const [mcpServer] = WORKLOADS;
  const entry = (generation: number): ConfigEntry => ({ uid: 'u', generation, terminating: false });

  function followed(
    referrers: number,
    others: number,
  ): {
    readonly told: readonly string[];
    readonly configs: (change: Partial<CacheChange<ConfigEntry>>) => void;
    readonly workloads: (change: Partial<CacheChange<WorkloadEntry>>) => void;
  } {
    const told: string[] = [];
    const cacheOf = <T>(
      length: number,
      value: T,
    ): readonly [WatchCache<T>, (change: Partial<CacheChange<T>>) => void] => {
      const listeners: ((change: CacheChange<T>) => void)[] = [];
      const cache: WatchCache<T> = {
        ...{ run: () => Promise.resolve(), synced: () => true, get: () => undefined, entry: () => undefined },
        list: () => Array.from({ length }, () => ({ namespace: 'ns', name: 'any', value })),
        onChange: (listener) => {
          listeners.push(listener);
          return () => undefined;
        },
        ...{ fault: () => undefined, lagSeconds: () => 0 },
      };
      const feed = (change: Partial<CacheChange<T>>): void => {
        const given = { before: undefined, after: undefined, resourceVersion: '7', ...change };
        listeners.forEach((listener) => {
          listener({ namespace: 'ns', name: 'a', ...given });
        });
      };
      return [cache, feed];
    };
    const [configs, feedConfig] = cacheOf<ConfigEntry>(1, entry(1));
    const [workloads, feedWorkload] = cacheOf<WorkloadEntry>(referrers + others, { reference: 'a' });
    const index = createReferrerIndex();
    names(0, referrers).forEach((name) => {
      index.move('ns', { kind: 'MCPServer', name }, undefined, 'a');
    });
    followAhead({ configs, workloads: mcpServer === undefined ? [] : [[mcpServer, workloads]] }, index, {
      expect: (resource, namespace, all) => told.push(`expect ${resource} ${namespace} ${String(all.length)}`),
      forget: (resource, namespace, name) => told.push(`forget ${resource} ${namespace} ${name}`),
    });
    return { told, configs: feedConfig, workloads: feedWorkload };
  }

  it.each([
    ['of many is expected', 60, 60, ['expect mcpservers ns 60']],
    ['of few is not', 49, 0, []],
    ['of few among many is not', 60, 61, []],
  ])('%s', (_title, referrers, others, expected) => {
    const { told, configs } = followed(referrers, others);
    configs({ before: entry(1), after: entry(2) });
    configs({ before: entry(2), after: entry(2) }); // its own status
    expect(told).toEqual(expected);
  });

  it('takes nothing from a page that a watch told of', () => {
    const { told, workloads } = followed(60, 0);
    workloads({ name: 'w001', after: { reference: 'a' } });
    expect(told).toEqual(['forget mcpservers ns w001']);
  });
});

it('a new leader expects all of a namespace with many, by kind', () => {
  const told: string[] = [];
  const of = (namespace: string, count: number): readonly CacheEntry<WorkloadEntry>[] =>
    names(0, count).map((name) => ({ namespace, name, value: { reference: undefined } }));
  const workloads = WORKLOADS.map((type, index) => {
    const list = index === 0 ? [...of('many', 50), ...of('few', 49), ...of('more', 60)] : [];
    return [type, { list: () => list } as unknown as WatchCache<WorkloadEntry>] as const;
  });
  expectEverybody(
    { workloads },
    {
      expect: (resource, namespace, all) =>
        told.push(`${resource} ${namespace} ${String(all.length)} ${all[0] ?? ''} ${all.at(-1) ?? ''}`),
    },
  );
  expect(told).toEqual(['mcpservers many 50 w000 w049', 'mcpservers more 60 w000 w059']);
});
