import { parseJson } from '../../src/api/json-text.ts';
import type { Analysis } from '../../src/authorizers/analysis.ts';
import { createAnalysisCache } from '../../src/authorizers/analysis-cache.ts';

const spec = (config: unknown): { readonly type: string; readonly config: unknown } => ({ type: 'cedarv1', config });

function analysis(type: string): Analysis {
  return { type, problems: [], advice: [] };
}

const ONE = JSON.stringify(analysis('a')).length;

it('gives back what was put in, by type and content', () => {
  const cache = createAnalysisCache();
  cache.set(spec({ a: 1 }), analysis('a'));
  expect(cache.get(spec({ a: 1 }))).toEqual(analysis('a'));
  expect(cache.get(spec({ a: 2 }))).toBeUndefined();
  expect(cache.get({ type: 'httpv1', config: { a: 1 } })).toBeUndefined();
});

it('tells numbers apart that JSON.stringify writes alike', () => {
  const cache = createAnalysisCache();
  const read = (literal: string): ReturnType<typeof spec> => spec(parseJson(`{"policies":[${literal}]}`));
  cache.set(read('null'), analysis('a'));
  cache.set(read('1'), analysis('a'));
  expect([read('-1e999'), read('1.0')].map((each) => cache.get(each))).toEqual([undefined, undefined]);
});

it('keeps the first of two answers to one question', () => {
  const cache = createAnalysisCache();
  cache.set(spec(1), analysis('a'));
  cache.set(spec(1), analysis('b'));
  expect(cache.get(spec(1))).toEqual(analysis('a'));
});

it('lets go of what was used longest ago where there is no more room', () => {
  const cache = createAnalysisCache(2 * ONE);
  cache.set(spec(1), analysis('a'));
  cache.set(spec(2), analysis('b'));
  cache.get(spec(1));
  cache.set(spec(3), analysis('c'));
  expect([1, 2, 3].map((config) => cache.get(spec(config))?.type)).toEqual(['a', undefined, 'c']);
});

it('lets go of as many as it takes, and counts what it let go', () => {
  const large = 'x'.repeat(2 * ONE + 1);
  const cache = createAnalysisCache(3 * ONE);
  for (const config of [1, 2, 3]) {
    cache.set(spec(config), analysis('a'));
  }
  cache.set(spec(4), analysis(large));
  expect([1, 2, 3, 4].map((config) => cache.get(spec(config)) !== undefined)).toEqual([false, false, false, true]);
  cache.set(spec(5), analysis('a'));
  expect([4, 5].map((config) => cache.get(spec(config)) !== undefined)).toEqual([false, true]);
});

it('does not take what is larger than all of it', () => {
  const cache = createAnalysisCache(ONE);
  cache.set(spec(1), analysis('a'));
  cache.set(spec(2), analysis('bb'));
  expect([1, 2].map((config) => cache.get(spec(config))?.type)).toEqual(['a', undefined]);
});
