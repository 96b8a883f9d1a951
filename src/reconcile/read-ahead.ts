/**
 * An edit of a config wakes everybody who refers to it, and a new leader looks at everybody, in the order of their names.
 * Where these are many of a namespace, they are read by the page instead of one by one: a page when the first of it is
 * asked for, and only one at a time. What a watch tells of meanwhile is not taken from a page, so nobody gets less than the
 * watch knows already; and whoever writes names the version that he has seen, so an older one is refused like a read that
 * was overtaken.
 */
import type { KubernetesObject } from '../api/objects.ts';
import type { Clock } from '../kube/clock.ts';
import type { ListPage } from '../kube/list.ts';
import { isEdit, type Caches } from './caches.ts';
import type { ReferrerIndex } from './referrer-index.ts';

export interface ReadAhead {
  /** These will be asked for soon, about in this order, which is that of their names. */
  expect(resource: string, namespace: string, names: readonly string[]): void;
  /** Undefined where it has to be read by itself: it was not expected, is not there, or was told of meanwhile. */
  take(resource: string, namespace: string, name: string, signal: AbortSignal): Promise<KubernetesObject | undefined>;
  /** A watch told of it. */
  forget(resource: string, namespace: string, name: string): void;
  reset(): void;
}

type Pages = AsyncIterator<Pick<ListPage, 'items'>>;

export interface ReadAheadDeps {
  /** Of the whole namespace, by name. */
  readonly pages: (resource: string, namespace: string, signal: AbortSignal) => Pages;
  readonly clock: Clock;
}

/** Fewer are read one by one, and so are those that are less than half of their namespace. */
const FEWEST = 50;
/** The API server answers all pages as of the first one. Later ones are read no more when that is long ago. */
const OLDEST_MS = 30_000;

interface Reading {
  readonly expected: Set<string>;
  readonly stopping: AbortController;
  pages?: Pages;
  startedAt: number;
  /** The one that was read last, as far as it is still expected. */
  page: Map<string, KubernetesObject>;
  /** Of the last object of that page. */
  reached: string;
  ended: boolean;
  next: Promise<void> | undefined;
}

export function createReadAhead({ pages, clock }: ReadAheadDeps): ReadAhead {
  const readings = new Map<string, Reading>();

  function drop(key: string, reading: Reading): void {
    if (readings.get(key) === reading) {
      readings.delete(key);
    }
    reading.stopping.abort();
    reading.expected.clear();
    reading.page.clear();
  }

  async function turn(reading: Reading, begin: () => Pages): Promise<void> {
    reading.pages ??= begin();
    const result = await reading.pages.next();
    const named = (result.done === true ? [] : result.value.items).map(
      (object) => [object.metadata.name ?? '', object] as const,
    );
    reading.page = new Map(named.filter(([name]) => reading.expected.has(name)));
    reading.reached = named.at(-1)?.[0] ?? reading.reached;
    reading.ended = result.done === true;
  }

  /** Turns pages until there is one with the name, or past it. */
  async function find(
    key: string,
    reading: Reading,
    name: string,
    begin: () => Pages,
  ): Promise<KubernetesObject | undefined> {
    while (!reading.page.has(name) && reading.reached < name && !reading.ended) {
      reading.next ??= turn(reading, begin).finally(() => {
        reading.next = undefined;
      });
      await reading.next;
    }
    const found = reading.expected.has(name) ? reading.page.get(name) : undefined;
    reading.expected.delete(name);
    reading.page.delete(name);
    if (reading.expected.size === 0) {
      drop(key, reading);
    }
    return found;
  }

  return {
    expect: (resource, namespace, names) => {
      const key = `${namespace}/${resource}`;
      const before = readings.get(key);
      if (before !== undefined) {
        drop(key, before);
      }
      readings.set(key, {
        ...{ expected: new Set(names), stopping: new AbortController(), startedAt: clock.now(), page: new Map() },
        ...{ reached: '', ended: false, next: undefined },
      });
    },
    take: async (resource, namespace, name, signal) => {
      const key = `${namespace}/${resource}`;
      const reading = readings.get(key);
      if (reading?.expected.has(name) !== true) {
        return undefined;
      }
      const { stopping } = reading;
      if (reading.pages === undefined) {
        reading.startedAt = clock.now();
      }
      const abandon = (): void => {
        drop(key, reading);
      };
      signal.addEventListener('abort', abandon, { once: true });
      try {
        if (signal.aborted || clock.now() - reading.startedAt > OLDEST_MS) {
          throw new Error('too late');
        }
        return await find(key, reading, name, () => pages(resource, namespace, stopping.signal));
      } catch {
        drop(key, reading); // whoever reads it by itself is told what is wrong
        return undefined;
      } finally {
        signal.removeEventListener('abort', abandon);
      }
    },
    forget: (resource, namespace, name) => {
      const key = `${namespace}/${resource}`;
      const reading = readings.get(key);
      reading?.expected.delete(name);
      reading?.page.delete(name);
      if (reading?.expected.size === 0) {
        drop(key, reading);
      }
    },
    reset: () => {
      for (const [key, reading] of readings) {
        drop(key, reading);
      }
    },
  };
}

/** Whoever begins to lead looks at all of them. */
export function expectEverybody({ workloads }: Pick<Caches, 'workloads'>, ahead: Pick<ReadAhead, 'expect'>): void {
  for (const [{ resource }, cache] of workloads) {
    for (const [namespace, entries] of Map.groupBy(cache.list(), (entry) => entry.namespace)) {
      if (entries.length >= FEWEST) {
        ahead.expect(
          resource,
          namespace,
          entries.map(({ name }) => name),
        );
      }
    }
  }
}

/** Whom an edit of a config wakes is expected. */
export function followAhead(
  { configs, workloads }: Pick<Caches, 'configs' | 'workloads'>,
  index: ReferrerIndex,
  ahead: Pick<ReadAhead, 'expect' | 'forget'>,
): void {
  configs.onChange(({ namespace, name, before, after }) => {
    const referrers = isEdit(before, after) ? index.referrers(namespace, name) : [];
    for (const [type, cache] of referrers.length < FEWEST ? [] : workloads) {
      const names = referrers.filter(({ kind }) => kind === type.kind).map((referrer) => referrer.name);
      if (names.length >= FEWEST && 2 * names.length >= cache.list(namespace).length) {
        ahead.expect(type.resource, namespace, names);
      }
    }
  });
  for (const [{ resource }, cache] of workloads) {
    cache.onChange(({ namespace, name }) => {
      ahead.forget(resource, namespace, name);
    });
  }
}
