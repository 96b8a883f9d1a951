/** The Cedar validator's sentences, and what is said in their place. */
import { explain } from '../../src/authorizers/lint-messages.ts';

const DENIES = 'an error at run time, which denies the whole request, whoever else permits it';

function told(message: string, effect: 'permit' | 'forbid' = 'permit', help?: string): string | undefined {
  const explained = explain({ message, help, label: undefined, start: 0, end: 0 }, effect, ['Tool', 'THVGroup']);
  return explained === undefined ? undefined : `${explained.reason}: ${explained.message}`;
}

it.each<[string, string]>([
  [
    'unrecognized entity type `Tol`',
    'UnknownEntityType: No request has an entity of type Tol: the policy never matches and permits nothing. Did you mean Tool?',
  ],
  [
    'unrecognized entity type `Zebra`',
    'UnknownEntityType: No request has an entity of type Zebra: the policy never matches and permits nothing.',
  ],
  [
    'unable to guarantee safety of access to optional attribute `arg_n` in context for Action::"call_tool"',
    `UnguardedAttribute: "arg_n" is read without a guard: a call without this argument, and every listing of the tool, is ${DENIES}. Ask first: context has arg_n && …`,
  ],
  [
    'unable to guarantee safety of access to optional attribute `["claim_a b"]` on entity type `Client`',
    `UnguardedAttribute: "claim_a b" is read without a guard: a request without this claim is ${DENIES}. Ask first: principal has "claim_a b" && …`,
  ],
  [
    'unable to guarantee safety of access to optional attribute `arg_x` on entity type `Prompt`',
    `UnguardedAttribute: "arg_x" is read without a guard: a call without this argument, and every listing of the tool, is ${DENIES}. Ask first: resource has arg_x && …`,
  ],
  [
    'unable to guarantee safety of access to optional attribute `readOnlyHint` on entity type `Tool`',
    `UnguardedAttribute: "readOnlyHint" is read without a guard: a request without it is ${DENIES}. Ask first: resource has readOnlyHint && …`,
  ],
  [
    'unable to guarantee safety of access to optional attribute `inner`',
    `UnguardedAttribute: "inner" is read without a guard: a request without it is ${DENIES}. Ask first: … has inner && …`,
  ],
  [
    'attribute `role` on entity type `Client` not found',
    `UnknownAttribute: The principal has no attribute "role": reading it is ${DENIES}. Claims are called claim_<name>: principal.claim_role?`,
  ],
  [
    'unable to guarantee safety of access to optional attribute `claim_address.country` on entity type `Client`',
    `UnguardedAttribute: "claim_address.country" is read without a guard: a request without this claim is ${DENIES}. Ask first: principal has claim_address.country && …`,
  ],
  [
    'attribute `["role x"]` on entity type `Client` not found',
    `UnknownAttribute: The principal has no attribute "role x": reading it is ${DENIES}. Claims are called claim_<name>: principal["claim_role x"]?`,
  ],
  [
    'attribute `owner` on entity type `Tool` not found',
    `UnknownAttribute: A Tool has no attribute "owner": reading it is ${DENIES}.`,
  ],
  [
    'attribute `owner` on entity type `Org` not found',
    `UnknownAttribute: An Org has no attribute "owner": reading it is ${DENIES}.`,
  ],
  [
    'attribute `owner` on entity type `TeamEU` not found',
    `UnknownAttribute: A TeamEU has no attribute "owner": reading it is ${DENIES}.`,
  ],
  [
    'attribute `n` in context for Action::"call_tool" not found',
    `UnknownAttribute: The request's context has no attribute "n": reading it is ${DENIES}. Claims are called claim_n, arguments arg_n.`,
  ],
  [
    'unexpected type: expected Long but saw decimal',
    `NumberIsDecimal: ToolHive passes every number as a decimal, and comparing one like this is ${DENIES}. Write .lessThan(decimal("10.0")) and the like.`,
  ],
  [
    'the types Long and decimal are not compatible',
    'NumberIsDecimal: ToolHive passes every number as a decimal, so this is never equal. Compare with decimal("5.0").',
  ],
  [
    'the type decimal and Long are not compatible',
    'NumberIsDecimal: ToolHive passes every number as a decimal, so this is never equal. Compare with decimal("5.0").',
  ],
  [
    'the types String and Bool are not compatible',
    'NeverEqual: The types String and Bool are not compatible: the comparison is never true.',
  ],
  ['policy is impossible: x', 'ImpossiblePolicy: The policy can never match: it permits nothing.'],
  ['unable to find an applicable action', 'ImpossiblePolicy: The policy can never match: it permits nothing.'],
  [
    'unexpected type: expected __cedar::internal::AnyEntity but saw String',
    `TypeError: Unexpected type: expected an entity but saw String: this is ${DENIES}.`,
  ],
  [
    'unexpected type: expected String but saw __cedar::internal::True',
    `TypeError: Unexpected type: expected String but saw Bool: this is ${DENIES}.`,
  ],
  [
    'extension constructors may not be called with non-literal expressions',
    `ValueFromRequest: A value of the request is read as ip, decimal, datetime or duration: where it is none, that is ${DENIES}.`,
  ],
  [
    'unexpected type: expected Set<__cedar::internal::Any> but saw String',
    `TypeError: Unexpected type: expected Set<anything> but saw String: this is ${DENIES}.`,
  ],
  ['something else', 'Validator: Something else.'],
  ['an unexpected type', 'Validator: An unexpected type.'],
])('%s', (message, expected) => {
  expect(told(message)).toBe(expected);
});

it.each([
  'unrecognized action `Action::"x"`',
  'attribute `operation` on entity type `Action` not found',
  'empty set literals are forbidden in policies',
])('%s: is told elsewhere, or is nothing to the proxy', (message) => {
  expect(told(message)).toBeUndefined();
});

it('a forbid forbids nothing', () => {
  expect(told('policy is impossible: x', 'forbid')).toBe(
    'ImpossiblePolicy: The policy can never match: it forbids nothing.',
  );
  expect(told('unrecognized entity type `Zebra`', 'forbid')).toMatch(/never matches and forbids nothing\.$/);
});

it('passes on the help of the validator, without its quotes', () => {
  expect(told('unexpected type: expected Bool', 'permit', 'try using `contains` to test')).toBe(
    `TypeError: Unexpected type: expected Bool: this is ${DENIES}. Try using contains to test`,
  );
  expect(told('something', 'permit', 'do `this`')).toBe('Validator: Something. Do this');
});
