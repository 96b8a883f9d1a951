/** Which keys a change wakes. */
import { WORKLOADS } from '../../src/api/toolhive.ts';
import type { CacheChange, WatchCache } from '../../src/kube/watch-cache.ts';
import { follow, type ConfigEntry, type WorkloadEntry } from '../../src/reconcile/caches.ts';
import { parseKey } from '../../src/reconcile/keys.ts';
import { createReferrerIndex } from '../../src/reconcile/referrer-index.ts';

interface Fed<T> {
  readonly cache: WatchCache<T>;
  feed(name: string, before: T | undefined, after: T | undefined): void;
}

/** A cache that says what the test tells it to say. */
function fed<T>(): Fed<T> {
  const listeners: ((change: CacheChange<T>) => void)[] = [];
  return {
    cache: {
      run: () => Promise.resolve(),
      synced: () => true,
      get: () => undefined,
      entry: () => undefined,
      list: () => [],
      onChange: (listener) => {
        listeners.push(listener);
        return () => undefined;
      },
      fault: () => undefined,
      lagSeconds: () => 0,
    },
    feed: (name, before, after) => {
      for (const listener of listeners) {
        listener({ namespace: 'ns', name, before, after, resourceVersion: after === undefined ? undefined : '7' });
      }
    },
  };
}

function setUp(): {
  configs: Fed<ConfigEntry>;
  server: Fed<WorkloadEntry>;
  deletions: Map<string, number>;
  woken: () => readonly string[];
} {
  const [configs, server] = [fed<ConfigEntry>(), fed<WorkloadEntry>()];
  const [mcpServer] = WORKLOADS;
  const deletions = new Map<string, number>();
  let keys: string[] = [];
  const wake = {
    now: (key: string, version?: string) => keys.push(version === undefined ? key : `${key} ${version}`),
    soon: (key: string, ms: number) => keys.push(`${key} +${String(ms)}`),
  };
  const clock = { now: () => 42, after: () => () => undefined, random: () => 0 };
  const workloads = mcpServer === undefined ? [] : [[mcpServer, server.cache] as const];
  follow({ configs: configs.cache, workloads }, createReferrerIndex(), deletions, clock, wake);
  return {
    configs,
    server,
    deletions,
    woken: () => {
      const woken = keys;
      keys = [];
      return woken;
    },
  };
}

const config = (generation: number, extra: Partial<ConfigEntry> = {}): ConfigEntry => ({
  uid: 'u',
  generation,
  terminating: false,
  ...extra,
});

it('a workload wakes itself and the configs that it refers to, and referred to', () => {
  const { server, woken } = setUp();
  server.feed('w', undefined, { reference: 'a' });
  expect(woken()).toEqual(['workload/MCPServer/ns/w MCPServer@7', 'config/ns/a +53']);
  server.feed('w', { reference: 'a' }, { reference: 'b' });
  expect(woken()).toEqual(['workload/MCPServer/ns/w MCPServer@7', 'config/ns/a +0', 'config/ns/b +53']);
  server.feed('w', { reference: 'b' }, { reference: 'b' });
  expect(woken()).toEqual(['workload/MCPServer/ns/w MCPServer@7']);
});

it('U14: the last reference that goes is not waited for', () => {
  const { server, woken } = setUp();
  server.feed('w', undefined, { reference: 'a' });
  woken();
  server.feed('w', { reference: 'a' }, undefined);
  expect(woken()).toEqual(['workload/MCPServer/ns/w', 'config/ns/a +0']);
});

it('a config that is edited, made or removed wakes every workload that refers to it; its own status does not', () => {
  const { configs, server, woken } = setUp();
  server.feed('w', undefined, { reference: 'a' });
  woken();
  const both = ['config/ns/a', 'workload/MCPServer/ns/w'];
  configs.feed('a', undefined, config(1));
  expect(woken()).toEqual(both);
  configs.feed('a', config(1), config(2));
  expect(woken()).toEqual(both);
  configs.feed('a', config(2), config(2));
  expect(woken()).toEqual(['config/ns/a']);
  configs.feed('a', config(2), undefined);
  expect(woken()).toEqual(both);
});

it('a deletion is dated when it is first seen, and forgotten with its object', () => {
  const { configs, deletions } = setUp();
  configs.feed('a', config(1), config(1, { terminating: true }));
  expect([...deletions]).toEqual([['u', 42]]);
  configs.feed('a', config(1, { terminating: true }), undefined);
  expect([...deletions]).toEqual([]);
});

it.each([
  ['config/ns/a', { kind: undefined, namespace: 'ns', name: 'a' }],
  ['workload/MCPServer/ns/a', { kind: 'MCPServer', namespace: 'ns', name: 'a' }],
])('the key %s says what it is about', (key, parsed) => {
  expect(parseKey(key)).toEqual(parsed);
});
