/** The analyses asked for last: one config is looked at by every workload that refers to it. Bounded by their size. */
import { distinctJson } from '../api/json-text.ts';
import type { Analysis, AuthorizerSpec } from './analysis.ts';
import { sha256 } from './config-hash.ts';

export interface AnalysisCache {
  get(spec: AuthorizerSpec): Analysis | undefined;
  set(spec: AuthorizerSpec, analysis: Analysis): void;
}

/** Characters of analyses kept, about twice as many bytes of memory: those of ten thousand small configs. */
const LIMIT = 4 * 1024 * 1024;

export function createAnalysisCache(limit: number = LIMIT): AnalysisCache {
  // A Map keeps the order of insertion, so its first key is the one that was used longest ago.
  const entries = new Map<string, { readonly analysis: Analysis; readonly size: number }>();
  let total = 0;
  return {
    get: (spec) => {
      const key = keyOf(spec);
      const entry = entries.get(key);
      if (entry !== undefined) {
        entries.delete(key);
        entries.set(key, entry);
      }
      return entry?.analysis;
    },
    set: (spec, analysis) => {
      const size = JSON.stringify(analysis).length;
      const key = keyOf(spec);
      if (size > limit || entries.has(key)) {
        return;
      }
      entries.set(key, { analysis, size });
      total += size;
      for (const [oldest, entry] of entries) {
        if (total <= limit) {
          return;
        }
        entries.delete(oldest);
        total -= entry.size;
      }
    },
  };
}

function keyOf({ type, config }: AuthorizerSpec): string {
  return sha256(distinctJson({ type, config }));
}
