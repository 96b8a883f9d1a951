/** Who refers to which config, as the watch caches know it: enough to say "used", never to say "unused". */
import type { Referrer } from '../rules/contract.ts';

export interface ReferrerIndex {
  /** `to` is the config's name; undefined where the workload refers to none, or is gone. */
  set(namespace: string, referrer: Referrer, to: string | undefined): void;
  /** Sorted by kind, then name. */
  referrers(namespace: string, config: string): readonly Referrer[];
}

export function createReferrerIndex(): ReferrerIndex {
  const byConfig = new Map<string, Map<string, Referrer>>();
  const byWorkload = new Map<string, string>();

  return {
    set: (namespace, referrer, to) => {
      // Neither kinds nor names nor namespaces contain a slash, so joined parts cannot collide.
      const id = `${namespace}/${referrer.kind}/${referrer.name}`;
      const before = byWorkload.get(id);
      const after = to === undefined ? undefined : `${namespace}/${to}`;
      if (before === after) {
        return;
      }
      const left = before === undefined ? undefined : byConfig.get(before);
      left?.delete(id);
      if (before !== undefined && left?.size === 0) {
        byConfig.delete(before);
      }
      if (after === undefined) {
        byWorkload.delete(id);
        return;
      }
      byWorkload.set(id, after);
      const joined = byConfig.get(after) ?? new Map<string, Referrer>();
      byConfig.set(after, joined.set(id, referrer));
    },
    referrers: (namespace, config) => [...(byConfig.get(`${namespace}/${config}`)?.values() ?? [])].sort(byKindAndName),
  };
}

function byKindAndName(left: Referrer, right: Referrer): number {
  return compare(left.kind, right.kind) || compare(left.name, right.name);
}

/** By code unit: the same on every machine. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
