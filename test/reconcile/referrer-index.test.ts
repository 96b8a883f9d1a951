import { createReferrerIndex } from '../../src/reconcile/referrer-index.ts';

const A = { kind: 'MCPServer', name: 'a' };
const B = { kind: 'MCPServer', name: 'b' };
const V = { kind: 'VirtualMCPServer', name: 'a' };

it('answers by namespace and name, sorted by kind, then name', () => {
  const index = createReferrerIndex();
  index.move('ns', V, undefined, 'c');
  index.move('ns', B, undefined, 'c');
  index.move('ns', A, undefined, 'c');
  index.move('other', A, undefined, 'c');
  expect(index.referrers('ns', 'c')).toEqual([A, B, V]);
  expect(index.referrers('other', 'c')).toEqual([A]);
  expect(index.referrers('ns', 'd')).toEqual([]);
  expect([index.count('ns', 'c'), index.count('other', 'c'), index.count('ns', 'd')]).toEqual([3, 1, 0]);
});

it('follows a reference that moves and one that goes', () => {
  const index = createReferrerIndex();
  index.move('ns', A, undefined, 'c');
  index.move('ns', A, 'c', 'c');
  index.move('ns', A, 'c', 'd');
  expect([index.referrers('ns', 'c'), index.referrers('ns', 'd')]).toEqual([[], [A]]);
  index.move('ns', A, 'd', undefined);
  index.move('ns', A, undefined, undefined);
  expect(index.referrers('ns', 'd')).toEqual([]);
});

it('S6: keeps a workload whose namesake of another kind goes', () => {
  const index = createReferrerIndex();
  index.move('ns', A, undefined, 'c');
  index.move('ns', V, undefined, 'c');
  index.move('ns', V, 'c', undefined);
  expect(index.referrers('ns', 'c')).toEqual([A]);
});
