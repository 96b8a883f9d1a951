/** Who refers to which config, as the watch caches know it: enough to say "used", never to say "unused". */
import { byKindAndName } from '../kube/referrers.ts';
import type { Referrer } from '../rules/contract.ts';

export interface ReferrerIndex {
  /** The names of two configs; undefined where the workload refers to none, was not there before, or is gone. */
  move(namespace: string, referrer: Referrer, from: string | undefined, to: string | undefined): void;
  /** Sorted by kind, then name. */
  referrers(namespace: string, config: string): readonly Referrer[];
  count(namespace: string, config: string): number;
}

/** By kind: most configs are referred to by workloads of one kind. */
type NamesByKind = Map<string, Set<string>>;

/** Names are kept as they are given, and nothing twice: there may be a hundred thousand of them. */
export function createReferrerIndex(): ReferrerIndex {
  const namespaces = new Map<string, Map<string, NamesByKind>>();

  const kindsOf = (namespace: string, config: string): NamesByKind | undefined =>
    namespaces.get(namespace)?.get(config);

  function add(namespace: string, { kind, name }: Referrer, config: string): void {
    const configs = placeOf(namespaces, namespace, () => new Map<string, NamesByKind>());
    const kinds = placeOf(configs, config, () => new Map<string, Set<string>>());
    placeOf(kinds, kind, () => new Set<string>()).add(name);
  }

  function remove(namespace: string, { kind, name }: Referrer, config: string): void {
    const kinds = kindsOf(namespace, config);
    const names = kinds?.get(kind);
    names?.delete(name);
    if (names?.size === 0) {
      kinds?.delete(kind);
    }
    if (kinds?.size === 0) {
      namespaces.get(namespace)?.delete(config);
    }
    if (namespaces.get(namespace)?.size === 0) {
      namespaces.delete(namespace);
    }
  }

  return {
    move: (namespace, referrer, from, to) => {
      if (from !== undefined && from !== to) {
        remove(namespace, referrer, from);
      }
      if (to !== undefined) {
        add(namespace, referrer, to);
      }
    },
    referrers: (namespace, config) =>
      [...(kindsOf(namespace, config) ?? [])]
        .flatMap(([kind, names]) => [...names].map((name) => ({ kind, name })))
        .sort(byKindAndName),
    count: (namespace, config) =>
      [...(kindsOf(namespace, config)?.values() ?? [])].reduce((sum, { size }) => sum + size, 0),
  };
}

function placeOf<T>(map: Map<string, T>, key: string, create: () => T): T {
  const known = map.get(key) ?? create();
  map.set(key, known);
  return known;
}
