import { createReferrerIndex } from '../../src/reconcile/referrer-index.ts';

const A = { kind: 'MCPServer', name: 'a' };
const B = { kind: 'MCPServer', name: 'b' };
const V = { kind: 'VirtualMCPServer', name: 'a' };

it('answers by namespace and name, sorted by kind, then name', () => {
  const index = createReferrerIndex();
  index.set('ns', V, 'c');
  index.set('ns', B, 'c');
  index.set('ns', A, 'c');
  index.set('other', A, 'c');
  expect(index.referrers('ns', 'c')).toEqual([A, B, V]);
  expect(index.referrers('other', 'c')).toEqual([A]);
  expect(index.referrers('ns', 'd')).toEqual([]);
});

it('follows a reference that moves and one that goes', () => {
  const index = createReferrerIndex();
  index.set('ns', A, 'c');
  index.set('ns', A, 'd');
  expect([index.referrers('ns', 'c'), index.referrers('ns', 'd')]).toEqual([[], [A]]);
  index.set('ns', A, undefined);
  index.set('ns', A, undefined);
  expect(index.referrers('ns', 'd')).toEqual([]);
});

it('S6: keeps a workload whose namesake of another kind goes', () => {
  const index = createReferrerIndex();
  index.set('ns', A, 'c');
  index.set('ns', V, 'c');
  index.set('ns', V, undefined);
  expect(index.referrers('ns', 'c')).toEqual([A]);
});
