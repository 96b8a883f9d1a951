import { contendedFor, isContended, recentWrites } from '../../src/reconcile/contended.ts';

const LIMIT = { writes: 3, windowMs: 1000 };

it.each([
  ['no write', [], 0, false, 0],
  ['fewer than the limit', [0, 10], 20, false, 0],
  ['as many as the limit', [0, 10, 20], 30, true, 970],
  ['as many, but the first is forgotten', [0, 10, 20], 1000, false, 0],
  ['more than the limit', [0, 10, 20, 30], 40, true, 970],
])('%s within the window', (_title, times, now, contended, wait) => {
  expect([isContended(times, now, LIMIT), contendedFor(times, now, LIMIT)]).toEqual([contended, wait]);
});

it('what is older than the window is dropped', () => {
  expect(recentWrites([0, 500, 900], 1400, LIMIT)).toEqual([500, 900]);
});
