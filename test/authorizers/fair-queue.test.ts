import { createFairQueue } from '../../src/authorizers/fair-queue.ts';

const anybody = (): boolean => true;

it('serves flows in turn, and the items of each in their order', () => {
  const queue = createFairQueue<string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) {
    queue.push(item.charAt(0), item);
  }
  expect(Array.from({ length: 7 }, () => queue.shift(anybody))).toEqual([
    'a1',
    'b1',
    'c1',
    'a2',
    'c2',
    'a3',
    undefined,
  ]);
});

it('passes over who may not go on, who keeps the place', () => {
  const queue = createFairQueue<string>();
  queue.push('a', 'a1');
  queue.push('b', 'b1');
  expect(queue.shift((flow) => flow === 'b')).toBe('b1');
  expect(queue.shift((flow) => flow === 'b')).toBeUndefined();
  queue.push('b', 'b2');
  expect([queue.shift(anybody), queue.shift(anybody)]).toEqual(['a1', 'b2']);
});
