import { createCedar } from '../../src/authorizers/cedar.ts';
import { attributeChain, policyTree, treeNode } from '../../src/authorizers/policy-tree.ts';

const cedar = createCedar();
const tree = (text: string): unknown => policyTree(cedar.toJson(text));

it.each<[string, unknown]>([
  ['permit(principal, action, resource);', { effect: 'permit', unconditional: true, actions: [], conditions: [] }],
  ['forbid(principal, action, resource);', { effect: 'forbid', unconditional: true, actions: [], conditions: [] }],
  [
    'permit(principal is Client, action, resource);',
    { effect: 'permit', unconditional: false, actions: [], conditions: [] },
  ],
  [
    'permit(principal, action, resource is Tool);',
    { effect: 'permit', unconditional: false, actions: [], conditions: [] },
  ],
  [
    'permit(principal, action == Action::"a", resource) unless { true };',
    {
      effect: 'permit',
      unconditional: false,
      actions: [{ type: 'Action', id: 'a' }],
      conditions: [{ Value: true }],
    },
  ],
  [
    'permit(principal, action in [Action::"a", A::Action::"b"], resource) when { true } when { false };',
    {
      effect: 'permit',
      unconditional: false,
      actions: [
        { type: 'Action', id: 'a' },
        { type: 'A::Action', id: 'b' },
      ],
      conditions: [{ Value: true }, { Value: false }],
    },
  ],
  [
    'permit(principal, action, resource) when { true };',
    { effect: 'permit', unconditional: false, actions: [], conditions: [{ Value: true }] },
  ],
])('%s', (text, expected) => {
  expect(tree(text)).toStrictEqual(expected);
});

it.each([[undefined], [null], [{}], [{ effect: 'allow' }]])('%j is no policy', (json) => {
  expect(policyTree(json)).toBeUndefined();
});

it('passes over what it does not know', () => {
  const action = { op: 'in', entities: [{ type: 'Action' }, { id: 'a' }, null] };
  expect(policyTree({ effect: 'permit', action, conditions: null })).toStrictEqual({
    effect: 'permit',
    unconditional: false,
    actions: [],
    conditions: [],
  });
});

it('a node is an object of one key', () => {
  expect(treeNode({ '==': 1 })).toEqual({ operator: '==', value: 1 });
  expect([undefined, [], {}, 'x'].map(treeNode)).toEqual([undefined, undefined, undefined, undefined]);
});

it('a chain of attributes starts at a variable', () => {
  const dot = (left: unknown, attr: unknown): unknown => ({ '.': { left, attr } });
  expect(attributeChain(dot(dot({ Var: 'context' }, 'a'), 'b'))).toEqual(['context', 'a', 'b']);
  expect(attributeChain({ Var: 'context' })).toEqual(['context']);
  expect([{ Var: 1 }, { Value: 1 }, dot({ Value: 1 }, 'a'), dot({ Var: 'x' }, 1), 1].map(attributeChain)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
