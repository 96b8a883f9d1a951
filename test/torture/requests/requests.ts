/** The requests of a run: batch by batch, each from the seed and its number, so that any of them can be made again. */
import fc from 'fast-check';
import type { JsonObject } from '../../../src/api/json.ts';
import { byteMutations, mutateBytes, mutateTree, treeMutations } from './mutations.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
}

export const BATCH = 500;

const METHODS = ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
const PATHS = ['/', '/validate/', '/Validate', '/mutate/x', '/../validate', '/%76alidate', '/metrics', '/__proto__'];
const TYPES = ['', 'text/plain', 'application/jsonp', 'application/json; charset=utf-16', 'APPLICATION/JSON'];
const TIMEOUTS = ['30s', '30s', '30s', '10s', '1e9s', '-1s', 'NaN', '99999999999999999999h', '%00', '30s&timeout=30s'];

const sameAsEver = { method: 'POST', contentType: 'application/json', timeout: '30s' };
const plan = fc.record({
  review: fc.nat({ max: 0xffff }),
  path: fc.constantFrom('/validate', '/validate', '/mutate'),
  changes: fc.oneof(
    { weight: 55, arbitrary: fc.record({ tree: treeMutations }) },
    { weight: 30, arbitrary: fc.record({ bytes: byteMutations }) },
    { weight: 8, arbitrary: fc.record({ tree: treeMutations, bytes: byteMutations }) },
    { weight: 2, arbitrary: fc.record({ whole: fc.json({ maxDepth: 4 }) }) },
    { weight: 5, arbitrary: fc.constant({}) },
  ),
  envelope: fc.oneof(
    { weight: 96, arbitrary: fc.constant(sameAsEver) },
    {
      weight: 4,
      arbitrary: fc.record({
        method: fc.constantFrom('POST', 'POST', ...METHODS),
        contentType: fc.constantFrom(sameAsEver.contentType, ...TYPES),
        timeout: fc.constantFrom(...TIMEOUTS),
        path: fc.constantFrom('/validate', '/mutate', ...PATHS),
      }),
    },
  ),
});

export function batch(seed: number, number: number, reviews: readonly JsonObject[]): readonly FuzzRequest[] {
  return fc
    .sample(plan, { seed: (seed + number * 7919) | 0, numRuns: BATCH })
    .map(({ review, path, changes, envelope }) => {
      const {
        tree = [],
        bytes = [],
        whole,
      } = changes as Partial<{
        tree: Parameters<typeof mutateTree>[1];
        bytes: Parameters<typeof mutateBytes>[1];
        whole: string;
      }>;
      const text = whole ?? mutateTree(reviews[review % reviews.length] ?? {}, tree);
      const where = 'path' in envelope ? envelope.path : path;
      return {
        method: envelope.method,
        path: `${where}?timeout=${envelope.timeout}`,
        contentType: envelope.contentType,
        body: mutateBytes(Buffer.from(text), bytes),
      };
    });
}
