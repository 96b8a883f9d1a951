import type { Decide, Decision, PolicyPart } from '../../src/authorizers/decision.ts';
import {
  describeDecision,
  policyLine,
  policyTexts,
  upstreamProvider,
} from '../../src/authorizers/describe-decision.ts';
import { CALL } from '../support/calls.ts';

function why(
  decision: Partial<Decision>,
  texts: readonly string[],
  missed: readonly (readonly [number, PolicyPart])[] = [],
): string {
  const decide: Decide = (_request, trace) => {
    missed.forEach(([policy, part]) => trace?.(policy, part));
    return { allow: false, policies: [], errors: [], ...decision };
  };
  const described = describeDecision(decide, CALL, texts);
  expect(described).toMatchObject(decision);
  return described.why;
}

it.each<[string, Partial<Decision>, readonly string[], string]>([
  ['a permit', { allow: true, policies: [0] }, ['permit(a);'], 'permitted by policies[0]: permit(a);'],
  [
    'a permit among others',
    { allow: true, policies: [1, 2, 4] },
    ['', 'permit(b);'],
    'permitted by policies[1]: permit(b); and 2 more',
  ],
  ['a forbid', { policies: [0] }, ['forbid(a);'], 'forbidden by policies[0]: forbid(a);'],
  ['a policy whose text is not known', { policies: [3] }, [], 'forbidden by policies[3]'],
  ['an error of no policy', { errors: ['missing principal'] }, ['permit(a);'], 'denied by an error: missing principal'],
  [
    'errors of policies',
    { policies: [1, 2], errors: ['one', 'two'] },
    ['permit(a);', 'permit(b);'],
    'denied by an error: one; two (policies[1]: permit(b);)',
  ],
  [
    'an error of a policy whose text is not known',
    { policies: [3], errors: ['x'] },
    [],
    'denied by an error: x (policies[3])',
  ],
  ['nothing at all', {}, [], 'no policy permits it: there is no permit'],
])('%s', (_what, decision, texts, expected) => {
  expect(why(decision, texts)).toBe(expected);
});

it('says of each permit what did not hold, and passes over what forbids', () => {
  const texts = [
    'permit(a);',
    'permit(b);',
    'permit(c);',
    'permit(d);',
    'forbid(e);',
    ' @id("f") @why("x")\nforbid (f);',
    'forbidden(g);',
  ];
  expect(
    why({}, texts, [
      [0, 'principal'],
      [1, 'action'],
      [2, 'resource'],
      [3, 'condition'],
      [4, 'resource'],
      [5, 'condition'],
      [6, 'action'],
    ]),
  ).toBe(
    'no policy permits it: policies[0] is about another principal; policies[1] is about another action; ' +
      'policies[2] is about another resource; policies[3] has a condition that does not hold; ' +
      'policies[6] is about another action',
  );
});

it.each([
  'forbid(a);',
  '\n\tforbid (a);',
  '@id("a")forbid(a);',
  '@id @why forbid(a);',
  '@id("a")\n  @why ( "b" )\n  forbid(a);',
  '@id("a) \\" permit(b);") forbid(a);',
  '// permit(b);\nforbid(a);',
  '@id("a") /* permit(b); */ forbid(a);',
])('%j permits nothing', (text) => {
  expect(why({}, [text], [[0, 'action']])).toBe('no policy permits it: there is no permit');
});

it.each([
  'permit(a) when { context.forbid };',
  '@id("forbid(a);") permit(b);',
  '// forbid(a);\npermit(b);',
  '@id("a") @forbid("b") permit(c);',
])('%j would permit something', (text) => {
  expect(why({}, [text], [[0, 'action']])).toBe('no policy permits it: policies[0] is about another action');
});

it('counts what is more than five', () => {
  const missed = (count: number): readonly (readonly [number, PolicyPart])[] =>
    Array.from({ length: count }, (_policy, index) => [index, 'action'] as const);
  const five = [0, 1, 2, 3, 4].map((index) => `policies[${String(index)}] is about another action`).join('; ');
  expect(why({}, [], missed(5))).toBe(`no policy permits it: ${five}`);
  expect(why({}, [], missed(7))).toBe(`no policy permits it: ${five}; 2 more do not match`);
});

it('shows a policy on one line, cut where it is long', () => {
  expect(policyLine(1, '\n permit(\n\tprincipal ) ;\n')).toBe('policies[1]: permit( principal ) ;');
  expect(policyLine(0, 'x'.repeat(160))).toBe(`policies[0]: ${'x'.repeat(160)}`);
  expect(policyLine(0, 'x'.repeat(161))).toBe(`policies[0]: ${'x'.repeat(159)}…`);
  expect(policyLine(2, ' ')).toBe('policies[2]');
});

it('reads policies and provider as the proxy does', () => {
  expect(policyTexts({ Policies: ['a', 'b'] })).toEqual(['a', 'b']);
  expect(policyTexts({ http: {} })).toEqual([]);
  expect(upstreamProvider({ primary_upstream_provider: 'github' })).toBe('github');
  expect(upstreamProvider(null)).toBe('');
});
