import { contendedForMs, recentWrites, type PastWrite } from '../../src/reconcile/contended.ts';

const LIMIT = { writes: 3, windowMs: 1000 };

function same(...times: readonly number[]): readonly PastWrite[] {
  return times.map((at) => ({ at, what: 'a' }));
}

it.each<[string, readonly PastWrite[], number, number]>([
  ['no write', [], 0, 0],
  ['fewer than the limit', same(0, 10), 20, 0],
  ['as many as the limit', same(0, 10, 20), 30, 970],
  ['as many, but the first is forgotten', same(0, 10, 20), 1000, 0],
  ['more than the limit', same(0, 10, 20, 30), 40, 970],
  ['many writes that all differ', [0, 1, 2, 3, 4].map((at) => ({ at, what: String(at) })), 10, 0],
])('%s: how long to wait', (_title, history, now, wait) => {
  expect(contendedForMs(history, 'a', now, LIMIT)).toBe(wait);
});

it('what is older than the window is dropped', () => {
  expect(recentWrites(same(0, 500, 900), 1400, LIMIT)).toEqual(same(500, 900));
});
