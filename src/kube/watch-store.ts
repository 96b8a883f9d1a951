/** What a watch cache remembers: one projection per object, and what changed. Knows neither time nor the network. */
import type { KubernetesObject } from '../api/objects.ts';

export interface CacheEntry<T> {
  readonly namespace: string;
  readonly name: string;
  readonly value: T;
}

/** With the object that the value was made from. */
export interface VersionedEntry<T> extends CacheEntry<T> {
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface CacheChange<T> {
  readonly namespace: string;
  readonly name: string;
  /** Undefined where the object was added. */
  readonly before: T | undefined;
  /** Undefined where the object was removed. */
  readonly after: T | undefined;
  /** Of the object after the change; undefined where it was removed. */
  readonly resourceVersion: string | undefined;
}

export interface WatchStore<T> {
  readonly get: (namespace: string, name: string) => T | undefined;
  readonly entry: (namespace: string, name: string) => VersionedEntry<T> | undefined;
  readonly list: (namespace?: string) => readonly CacheEntry<T>[];
  readonly onChange: (listener: (change: CacheChange<T>) => void) => () => void;
  readonly size: () => number;
  readonly put: (object: KubernetesObject) => void;
  readonly remove: (object: KubernetesObject) => void;
  /** Begins a list; what was not put by the time that it is complete does not exist any more. */
  readonly relist: () => { readonly complete: () => void };
}

export interface WatchStoreOptions<T> {
  readonly project: (object: KubernetesObject) => T;
  /** A projection or a listener threw: a bug, kept from ending the watch. */
  readonly onBug: (error: unknown, object: string) => void;
}

interface Entry<T> extends VersionedEntry<T> {
  value: T;
  resourceVersion: string;
  /** Number of the last list or event that it was part of. */
  round: number;
}

interface Namespace<T> {
  /** One text for all its entries: each object brings a copy of its own. */
  readonly name: string;
  readonly entries: Map<string, Entry<T>>;
}

export function createWatchStore<T>({ project, onBug }: WatchStoreOptions<T>): WatchStore<T> {
  const namespaces = new Map<string, Namespace<T>>();
  const listeners = new Set<(change: CacheChange<T>) => void>();
  let size = 0;
  let round = 0;

  function notify(change: CacheChange<T>): void {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        onBug(error, `${change.namespace}/${change.name}`);
      }
    }
  }

  const find = (namespace: string, name: string): Entry<T> | undefined => namespaces.get(namespace)?.entries.get(name);

  function put(object: KubernetesObject): void {
    const { namespace = '', name = '', uid = '', resourceVersion = '' } = object.metadata;
    const known = find(namespace, name);
    if (known?.uid === uid) {
      known.round = round;
      if (known.resourceVersion === resourceVersion) {
        return; // said again, after a break or by a list
      }
    }
    let value: T;
    try {
      value = project(object);
    } catch (error) {
      onBug(error, `${namespace}/${name}`); // what is known, if anything, stays
      return;
    }
    if (known?.uid === uid) {
      const before = known.value;
      known.value = value;
      known.resourceVersion = resourceVersion;
      notify({ namespace, name, before, after: value, resourceVersion });
      return;
    }
    if (known !== undefined) {
      drop(known); // deleted and made anew while nobody looked
    }
    add({ namespace, name, uid, resourceVersion, value, round });
    notify({ namespace, name, before: undefined, after: value, resourceVersion });
  }

  function add(entry: Entry<T>): void {
    const known = namespaces.get(entry.namespace) ?? { name: entry.namespace, entries: new Map<string, Entry<T>>() };
    namespaces.set(known.name, known);
    known.entries.set(entry.name, { ...entry, namespace: known.name });
    size += 1;
  }

  function drop({ namespace, name, value }: Entry<T>): void {
    const entries = namespaces.get(namespace)?.entries;
    entries?.delete(name);
    if (entries?.size === 0) {
      namespaces.delete(namespace);
    }
    size -= 1;
    notify({ namespace, name, before: value, after: undefined, resourceVersion: undefined });
  }

  function* all(): Generator<Entry<T>> {
    for (const { entries } of namespaces.values()) {
      yield* entries.values();
    }
  }

  return {
    get: (namespace, name) => find(namespace, name)?.value,
    entry: find,
    list: (namespace) =>
      namespace === undefined ? [...all()] : [...(namespaces.get(namespace)?.entries.values() ?? [])],
    onChange: (listener) => {
      // Subscribed twice is called twice, and each is unsubscribed on its own.
      const own = (change: CacheChange<T>): void => {
        listener(change);
      };
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    size: () => size,
    put,
    remove: ({ metadata: { namespace = '', name = '', uid = '' } }) => {
      const known = find(namespace, name);
      if (known?.uid === uid) {
        drop(known);
      }
    },
    relist: () => {
      round += 1;
      return {
        complete: () => {
          for (const entry of [...all()].filter((each) => each.round !== round)) {
            drop(entry);
          }
        },
      };
    },
  };
}
