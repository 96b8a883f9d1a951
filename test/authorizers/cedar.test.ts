/** What the Cedar module is asked and how its answers are read; each sentence is the module's own. */
import { createCedar, type CedarMessage } from '../../src/authorizers/cedar.ts';

const cedar = createCedar();
const HEAD = 'permit(principal, action, resource)';
const PERMIT = `${HEAD};`;

function shown({ message, help, label, start, end }: CedarMessage): readonly unknown[] {
  return [
    `${message} ${String(start)}-${String(end)}`,
    ...(label === undefined ? [] : [label]),
    ...(help ? [help] : []),
  ];
}

describe('parse', () => {
  it.each<[readonly string[], readonly unknown[]]>([
    [[HEAD], ['unexpected end of input 35-35', 'expected `;` or identifier']],
    [
      [PERMIT, HEAD],
      ['unexpected end of input 35-35', 'expected `;` or identifier'],
    ],
    [['allow(principal);'], ['invalid policy effect: allow 0-5', 'effect must be either `permit` or `forbid`']],
    [[`é ${PERMIT}`], ['invalid token 0-0']],
    [[`/**/ "é" ${PERMIT}`], ['unexpected token `/` 0-1', 'expected `@` or identifier']],
    [
      ['permit(principal == ?principal, action, resource);'],
      [
        'expected a static policy, got a template containing the slot ?principal 20-30',
        'try removing the template slot(s) from this policy',
      ],
    ],
  ])('%j', (texts, expected) => {
    const message = cedar.parse(texts);
    expect(message === undefined ? [] : shown(message)).toEqual(expected);
  });

  it('has nothing to say of policies', () => {
    expect(cedar.parse([])).toBeUndefined();
    expect(cedar.parse([PERMIT, `${HEAD} when { "é" == "é" };`])).toBeUndefined();
  });
});

it('toJson gives a policy in the JSON form, and nothing for other text', () => {
  expect(cedar.toJson(PERMIT)).toEqual({
    effect: 'permit',
    principal: { op: 'All' },
    action: { op: 'All' },
    resource: { op: 'All' },
    conditions: [],
  });
  expect(cedar.toJson(HEAD)).toBeUndefined();
});

describe('validate', () => {
  const SCHEMA = `
    entity User { "a"?: String };
    entity Thing;
    action call appliesTo { principal: User, resource: Thing, context: {} };
  `;

  it('tells of each policy what is wrong and what is strange, with the place', () => {
    const verdicts = cedar.validate(SCHEMA, [
      PERMIT,
      `${HEAD} when { principal.a == "x" };`,
      `${HEAD} when { "é" == "x" };`,
      `${HEAD} when { principal has a && principal.a == 1 };`,
      ...Array.from({ length: 8 }, () => PERMIT),
      `${HEAD} when { principal == Usr::"for policy \`p1\`, " };`,
    ]);
    const told = (verdicts ?? []).map(({ policy, level, message }) => [policy, level, ...shown(message)]);
    expect(told.sort()).toEqual([
      [
        1,
        'error',
        'unable to guarantee safety of access to optional attribute `a` on entity type `User` 43-54',
        "try testing for the attribute's presence with `e has a && ..`",
      ],
      [12, 'error', 'unrecognized entity type `Usr` 56-59', 'did you mean `User`?'],
      [2, 'warning', 'policy is impossible: the policy expression evaluates to false for all valid requests 0-57'],
      [
        3,
        'error',
        'the types Long and String are not compatible 62-78',
        'both operands to a `==` expression must have compatible types. Types must be exactly equal to be compatible',
      ],
    ]);
  });

  it('has nothing to say of good policies, and no answer under a schema that is none', () => {
    expect(cedar.validate(SCHEMA, [PERMIT])).toEqual([]);
    expect(cedar.validate('entity', [PERMIT])).toBeUndefined();
  });
});
