import { createHash } from 'node:crypto';
import { distinctJson } from '../api/json-text.ts';
import type { AuthzConfigQuery, Query } from '../rules/contract.ts';

const specDigests = new WeakMap<object, string>();

/** A key by which equal queries are asked once. Names cannot contain `/`, so joined parts cannot collide. */
export function queryKey(query: Query): string {
  switch (query.ask) {
    case 'authzConfig':
    case 'referrers':
    case 'configMap':
      return `${query.ask}/${query.namespace}/${query.name}`;
    case 'namespace':
      return `namespace/${query.name}`;
    case 'mayBypass':
      // A user name may contain anything, so it goes last, in a form that ends where it ends.
      return `mayBypass/${query.namespace}/${query.name}/${JSON.stringify([query.user.username, query.user.groups])}`;
    case 'workload':
      return `workload/${query.kind}/${query.namespace}/${query.name}`;
    case 'analysis':
      return `analysis/${specDigest(query.spec)}`;
    case 'decisionTests': {
      const before = query.before === undefined ? '' : specDigest(query.before);
      return `decisionTests/${query.namespace}/${query.name}/${specDigest(query.after)}/${before}`;
    }
    case 'decisionTestFaults':
      return `decisionTestFaults/${query.config}/${specDigest({ type: query.map.action ?? '', config: query.map.data })}`;
  }
}

/** Answers differ in nothing but their age, so the key is that of a live answer. */
export function isAsWatched(query: Query): query is AuthzConfigQuery {
  return query.ask === 'authzConfig' && query.asWatched === true;
}

/** Digested once per spec object: rules of one request ask with the same object, and configs can be large. */
function specDigest(spec: { readonly type: string; readonly config: unknown }): string {
  const holder: object = typeof spec.config === 'object' && spec.config !== null ? spec.config : spec;
  const known = specDigests.get(holder);
  if (known?.startsWith(`${spec.type}/`) === true) {
    return known;
  }
  const digest = createHash('sha256')
    .update(distinctJson({ config: spec.config }))
    .digest('hex');
  const key = `${spec.type}/${digest}`;
  specDigests.set(holder, key);
  return key;
}
