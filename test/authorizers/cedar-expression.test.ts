/** Expressions in Cedar's JSON form, run as they are: what no policy text can become, and what most of them do. */
import { compileExpression } from '../../src/authorizers/cedar-expression.ts';
import type { Environment, StoredEntity } from '../../src/authorizers/cedar-hierarchy.ts';
import {
  EMPTY_RECORD,
  entityKey,
  entityValue,
  equal,
  keyOf,
  recordOf,
  setOf,
  type CedarValue,
} from '../../src/authorizers/cedar-value.ts';

const ALICE = entityValue('Client', 'alice');
const STORED: Readonly<Record<string, StoredEntity>> = {
  [entityKey('Client', 'alice')]: {
    attributes: recordOf([
      ['n', 5n],
      ['record', recordOf([['inner', true]])],
    ]),
    tags: recordOf([['k', 'v']]),
    parents: [entityValue('Team', 'x')],
  },
  [entityKey('Team', 'x')]: { attributes: EMPTY_RECORD, tags: EMPTY_RECORD, parents: [entityValue('Org', 'o')] },
};

const ENVIRONMENT: Environment = {
  principal: ALICE,
  action: entityValue('Action', 'call_tool'),
  resource: entityValue('Tool', 'weather'),
  context: recordOf([
    ['yes', true],
    ['three', 3n],
  ]),
  entity: (key) => STORED[key],
};

function run(tree: unknown): string {
  try {
    return keyOf(compileExpression(tree)(ENVIRONMENT));
  } catch (error) {
    return String(error);
  }
}

const value = (literal: unknown): unknown => ({ Value: literal });
const entity = (type: string, id: string): unknown => value({ __entity: { type, id } });
const both = (operator: string, left: unknown, right: unknown): unknown => ({ [operator]: { left, right } });
const principal = { Var: 'principal' };
const context = { Var: 'context' };

describe('what is none of the language', () => {
  it.each<[unknown, string]>([
    [undefined, 'the expression is none of the language'],
    [[], 'the expression is none of the language'],
    [{}, 'the expression is none of the language'],
    [value(null), 'the literal is none of the language'],
    [value([]), 'the literal is none of the language'],
    [value({ __entity: { type: 'T' } }), 'the literal is none of the language'],
    [value({ __entity: { id: 'x' } }), 'the literal is none of the language'],
    [{ Var: 'me' }, 'the variable "me" is none of the language'],
    [{ unknown: [value(1)] }, 'function does not exist: unknown'],
    [{ constructor: [] }, 'function does not exist: constructor'],
    [{ isEmpty: {} }, 'the expression is none of the language'],
    [
      { decimal: [] },
      'wrong number of arguments provided to extension function: decimal takes 1 parameter(s), but 0 provided',
    ],
    [
      { isInRange: [value(1)] },
      'wrong number of arguments provided to extension function: isInRange takes 2 parameter(s), but 1 provided',
    ],
  ])('%j', (tree, message) => {
    expect(run(tree)).toBe(`Error: ${message}`);
  });
});

describe('operators', () => {
  const [yes, no] = [value(true), value(false)];
  const erring = both('+', yes, value(1));
  it.each<[string, unknown, string]>([
    ['a variable', context, keyOf(ENVIRONMENT.context)],
    ['an entity', entity('T', 'x'), 'e1:Tx'],
    ['not', { '!': { arg: no } }, 'true'],
    ['not of a number', { '!': { arg: value(1) } }, 'Error: type error: expected bool, got long'],
    ['and', both('&&', yes, yes), 'true'],
    ['and, stopped at the first false', both('&&', no, erring), 'false'],
    ['and, three of them', both('&&', both('&&', yes, no), erring), 'false'],
    ['or', both('||', no, no), 'false'],
    ['or, stopped at the first true', both('||', yes, erring), 'true'],
    ['or of a text', both('||', value('a'), yes), 'Error: type error: expected bool, got string'],
    ['the last operand is looked at, too', both('&&', yes, value('a')), 'Error: type error: expected bool, got string'],
    ['equal', both('==', value('a'), value('a')), 'true'],
    ['equal, of other types', both('==', value('1'), value(1)), 'false'],
    ['unequal', both('!=', value('a'), value('b')), 'true'],
    ['less', both('<', value(1), value(2)), 'true'],
    ['less, than itself', both('<', value(2), value(2)), 'false'],
    ['less or equal', both('<=', value(2), value(2)), 'true'],
    ['less or equal, no', both('<=', value(3), value(2)), 'false'],
    ['greater', both('>', value(3), value(2)), 'true'],
    ['greater, than itself', both('>', value(2), value(2)), 'false'],
    ['greater or equal', both('>=', value(2), value(2)), 'true'],
    ['greater or equal, no', both('>=', value(1), value(2)), 'false'],
    [
      'comparison of texts',
      both('<', value('a'), value('b')),
      'Error: type error: expected comparable value, got string',
    ],
    [
      'comparison of two kinds',
      both('<', value(1), { duration: [value('1s')] }),
      'Error: type error: incompatible types in comparison',
    ],
    ['sum', both('+', value(2), value(3)), 'l5'],
    ['difference', both('-', value(2), value(3)), 'l-1'],
    ['product', both('*', value(2), value(3)), 'l6'],
    [
      'a difference that does not fit',
      both('-', { Record: { '\0integer': value('-9223372036854775808') } }, value(1)),
      'Error: integer overflow while attempting to subtract `1` from `-9223372036854775808`',
    ],
    [
      'a product that does not fit',
      both('*', { Record: { '\0integer': value('9223372036854775807') } }, value(2)),
      'Error: integer overflow while attempting to multiply `9223372036854775807` by `2`',
    ],
    ['sign', { neg: { arg: value(2) } }, 'l-2'],
    ['in', both('in', principal, entity('Org', 'o')), 'true'],
    ['in itself', both('in', principal, entity('Client', 'alice')), 'true'],
    ['not in', both('in', principal, entity('Org', 'p')), 'false'],
    ['in one of several', both('in', principal, { Set: [entity('A', '1'), entity('Team', 'x')] }), 'true'],
    [
      'in a set of texts',
      both('in', principal, { Set: [value('a')] }),
      'Error: type error: expected (entity of type `any_entity_type`), got string',
    ],
    [
      'in a number',
      both('in', principal, value(1)),
      'Error: type error: expected one of [set, (entity of type `any_entity_type`)], got long',
    ],
    [
      'a text in an entity',
      both('in', value('a'), principal),
      'Error: type error: expected (entity of type `any_entity_type`), got string',
    ],
    ['is', { is: { left: principal, entity_type: 'Client' } }, 'true'],
    ['is not', { is: { left: principal, entity_type: 'Tool' } }, 'false'],
    ['is in', { is: { left: principal, entity_type: 'Client', in: entity('Team', 'x') } }, 'true'],
    ['is, but not in', { is: { left: principal, entity_type: 'Client', in: entity('Team', 'y') } }, 'false'],
    ['attribute of an entity', { '.': { left: principal, attr: 'n' } }, 'l5'],
    ['attribute of a record', { '.': { left: context, attr: 'three' } }, 'l3'],
    [
      'attribute that an entity lacks',
      { '.': { left: principal, attr: 'm' } },
      'Error: `Client::"alice"` does not have the attribute `m`',
    ],
    [
      'attribute that a record lacks',
      { '.': { left: context, attr: 'm' } },
      'Error: record does not have the attribute `m`',
    ],
    [
      'attribute of an entity that is not there',
      { '.': { left: { Var: 'resource' }, attr: 'm' } },
      'Error: entity `Tool::"weather"` does not exist',
    ],
    [
      'attribute of nobody',
      { '.': { left: entity('', ''), attr: 'm' } },
      'Error: cannot access attribute `m` of unspecified entity',
    ],
    [
      'attribute of somebody without a type',
      { '.': { left: entity('', 'x'), attr: 'm' } },
      'Error: entity `::"x"` does not exist',
    ],
    [
      'attribute of a text',
      { '.': { left: value('a'), attr: 'm' } },
      'Error: type error: expected one of [record, (entity of type `any_entity_type`)], got string',
    ],
    ['has', { has: { left: principal, attr: 'n' } }, 'true'],
    ['has not', { has: { left: principal, attr: 'm' } }, 'false'],
    ['has, of an entity that is not there', { has: { left: { Var: 'resource' }, attr: 'n' } }, 'false'],
    ['has, through a record', { has: { left: principal, attr: ['record', 'inner'] } }, 'true'],
    ['has not, through a record', { has: { left: principal, attr: ['record', 'other'] } }, 'false'],
    [
      'has, through a number',
      { has: { left: principal, attr: ['n', 'x'] } },
      'Error: type error: expected one of [record, (entity of type `any_entity_type`)], got long',
    ],
    ['like', { like: { left: value('abc'), pattern: [{ Literal: 'a' }, 'Wildcard'] } }, 'true'],
    ['like, of a number', { like: { left: value(1), pattern: [] } }, 'Error: type error: expected string, got long'],
    ['contains', both('contains', { Set: [value(1), value('1')] }, value('1')), 'true'],
    ['contains not', both('contains', { Set: [value(1)] }, value('1')), 'false'],
    ['contains, of a text', both('contains', value('ab'), value('a')), 'Error: type error: expected set, got string'],
    ['containsAll', both('containsAll', { Set: [value(1), value(2)] }, { Set: [value(2)] }), 'true'],
    ['containsAll not', both('containsAll', { Set: [value(1)] }, { Set: [value(1), value(2)] }), 'false'],
    ['containsAll of none', both('containsAll', { Set: [] }, { Set: [] }), 'true'],
    ['containsAny', both('containsAny', { Set: [value(1)] }, { Set: [value(1), value(2)] }), 'true'],
    ['containsAny not', both('containsAny', { Set: [value(1)] }, { Set: [value(2)] }), 'false'],
    ['containsAny of none', both('containsAny', { Set: [] }, { Set: [] }), 'false'],
    [
      'containsAll of a text',
      both('containsAll', { Set: [] }, value('a')),
      'Error: type error: expected set, got string',
    ],
    ['isEmpty', { isEmpty: { arg: { Set: [] } } }, 'true'],
    ['isEmpty not', { isEmpty: { arg: { Set: [value(1)] } } }, 'false'],
    ['hasTag', both('hasTag', principal, value('k')), 'true'],
    ['hasTag not', both('hasTag', principal, value('l')), 'false'],
    ['hasTag, of an entity that is not there', both('hasTag', { Var: 'resource' }, value('k')), 'false'],
    ['getTag', both('getTag', principal, value('k')), 'sv'],
    ['getTag, of none', both('getTag', principal, value('l')), 'Error: `Client::"alice"` does not have the tag `l`'],
    [
      'getTag, of an entity that is not there',
      both('getTag', { Var: 'resource' }, value('k')),
      'Error: entity `Tool::"weather"` does not exist',
    ],
    ['getTag by a number', both('getTag', principal, value(1)), 'Error: type error: expected string, got long'],
    ['if, then', { 'if-then-else': { if: yes, then: value(1), else: erring } }, 'l1'],
    ['if, else', { 'if-then-else': { if: no, then: erring, else: value(2) } }, 'l2'],
    [
      'if a text',
      { 'if-then-else': { if: value('a'), then: yes, else: no } },
      'Error: type error: expected bool, got string',
    ],
    ['a set', { Set: [value(1), value(1)] }, 'set2:l1'],
    ['a record', { Record: { a: value(1) } }, 'record1:a2:l1'],
    [
      'an integer beyond what JSON numbers hold',
      { Record: { '\0integer': value('9007199254740993') } },
      'l9007199254740993',
    ],
  ])('%s', (_title, tree, expected) => {
    expect(run(tree)).toBe(expected);
  });

  it('thousands of alternatives take no stack', () => {
    let tree = value(false);
    for (let i = 0; i < 50_000; i += 1) {
      tree = both('||', tree, value(false));
    }
    expect(run(both('||', tree, value(true)))).toBe('true');
  });
});

/** Each was answered so by cedar-go 1.8. */
describe('a value of the wrong kind', () => {
  const set = { Set: [value(1)] };
  const record = { Record: { a: value(1) } };
  const tool = entity('Tool', 'x');
  const decimal = { decimal: [value('1.0')] };
  const ip = { ip: [value('1.2.3.4')] };
  const anyEntity = '(entity of type `any_entity_type`)';
  it.each<[string, unknown, string]>([
    ['contains of a record', both('contains', record, value(1)), 'expected set, got record'],
    ['contains of a decimal', both('contains', decimal, value(1)), 'expected set, got decimal'],
    ['contains of an entity', both('contains', tool, value(1)), 'expected set, got (entity of type `Tool`)'],
    ['a record in an entity', both('in', record, tool), `expected ${anyEntity}, got record`],
    ['a set in an entity', both('in', set, tool), `expected ${anyEntity}, got set`],
    ['in a record', both('in', principal, record), `expected one of [set, ${anyEntity}], got record`],
    ['in a decimal', both('in', principal, decimal), `expected one of [set, ${anyEntity}], got decimal`],
    ['in a text', both('in', principal, value('x')), `expected one of [set, ${anyEntity}], got string`],
    ['in a set of numbers', both('in', principal, set), `expected ${anyEntity}, got long`],
    ['isIpv4 of a decimal', { isIpv4: [decimal] }, 'expected ipaddr, got decimal'],
    ['isIpv4 of a set', { isIpv4: [set] }, 'expected ipaddr, got set'],
    ['isIpv4 of an entity', { isIpv4: [tool] }, 'expected ipaddr, got (entity of type `Tool`)'],
    ['lessThan of an address', { lessThan: [decimal, ip] }, 'expected decimal, got IP'],
    ['less, a set', both('<', set, value(1)), 'expected comparable value, got set'],
    ['less, a record', both('<', record, value(1)), 'expected comparable value, got record'],
    ['less, an entity', both('<', tool, value(1)), 'expected comparable value, got (entity of type `Tool`)'],
    ['less, an address', both('<', ip, value(1)), 'expected comparable value, got IP'],
    ['less, a decimal', both('<', decimal, value(1)), 'expected comparable value, got decimal'],
    ['less, a bool', both('<', value(true), value(1)), 'expected comparable value, got bool'],
    ['the sign of a bool', { neg: { arg: value(true) } }, 'expected long, got bool'],
    ['like, of a record', { like: { left: record, pattern: [] } }, 'expected string, got record'],
    ['has, of a set', { has: { left: set, attr: 'b' } }, `expected one of [record, ${anyEntity}], got set`],
    ['attribute of a set', { '.': { left: set, attr: 'b' } }, `expected one of [record, ${anyEntity}], got set`],
    ['getTag of a record', both('getTag', record, value('x')), `expected ${anyEntity}, got record`],
  ])('%s', (_title, tree, expected) => {
    expect(run(tree)).toBe(`Error: type error: ${expected}`);
  });
});

describe('comparisons of time, and results that do not fit', () => {
  it.each<[string, unknown, string]>([
    ['two dates', both('<', { datetime: [value('2024-01-01')] }, { datetime: [value('2024-01-02')] }), 'true'],
    ['two durations', both('<', { duration: [value('2s')] }, { duration: [value('1s')] }), 'false'],
    [
      'a date and a duration',
      both('<', { datetime: [value('2024-01-01')] }, { duration: [value('1s')] }),
      'Error: type error: incompatible types in comparison',
    ],
    [
      'a sum that does not fit',
      both('+', { Record: { '\0integer': value('9223372036854775807') } }, value(1)),
      'Error: integer overflow while attempting to add `9223372036854775807` with `1`',
    ],
    [
      'a sign that does not fit',
      { neg: { arg: { Record: { '\0integer': value('-9223372036854775808') } } } },
      'Error: integer overflow while attempting to negate `-9223372036854775808`',
    ],
  ])('%s', (_title, tree, expected) => {
    expect(run(tree)).toBe(expected);
  });
});

describe('extension functions', () => {
  const call = (name: string, ...values: readonly unknown[]): unknown => ({ [name]: values });
  const decimal = (text: string): unknown => call('decimal', value(text));
  const ip = (text: string): unknown => call('ip', value(text));
  const datetime = (text: string): unknown => call('datetime', value(text));
  const duration = (text: string): unknown => call('duration', value(text));
  it.each<[string, unknown, string]>([
    ['decimal of a number', call('decimal', value(1)), 'Error: type error: expected string, got long'],
    ['lessThan', call('lessThan', decimal('1.0'), decimal('1.1')), 'true'],
    ['lessThan, itself', call('lessThan', decimal('1.0'), decimal('1.0')), 'false'],
    ['lessThanOrEqual', call('lessThanOrEqual', decimal('1.0'), decimal('1.0')), 'true'],
    ['lessThanOrEqual, no', call('lessThanOrEqual', decimal('1.1'), decimal('1.0')), 'false'],
    ['greaterThan', call('greaterThan', decimal('1.1'), decimal('1.0')), 'true'],
    ['greaterThan, itself', call('greaterThan', decimal('1.0'), decimal('1.0')), 'false'],
    ['greaterThanOrEqual', call('greaterThanOrEqual', decimal('1.0'), decimal('1.0')), 'true'],
    ['greaterThanOrEqual, no', call('greaterThanOrEqual', decimal('0.9'), decimal('1.0')), 'false'],
    [
      'lessThan of a number',
      call('lessThan', decimal('1.0'), value(2)),
      'Error: type error: expected decimal, got long',
    ],
    ['isIpv4', call('isIpv4', ip('1.2.3.4')), 'true'],
    ['isIpv4, no', call('isIpv4', ip('::1')), 'false'],
    ['isIpv6', call('isIpv6', ip('::1')), 'true'],
    ['isIpv6, no', call('isIpv6', ip('1.2.3.4')), 'false'],
    ['isIpv6 of a text', call('isIpv6', value('::1')), 'Error: type error: expected ipaddr, got string'],
    ['isLoopback', call('isLoopback', ip('127.255.0.1')), 'true'],
    ['isLoopback, a network of it', call('isLoopback', ip('127.0.0.0/8')), 'true'],
    ['isLoopback, a wider one', call('isLoopback', ip('127.0.0.0/7')), 'false'],
    ['isLoopback, another', call('isLoopback', ip('126.0.0.1')), 'false'],
    ['isLoopback of IPv6', call('isLoopback', ip('::1')), 'true'],
    ['isLoopback of IPv6, another', call('isLoopback', ip('::2')), 'false'],
    ['isLoopback of IPv6, a network', call('isLoopback', ip('::1/127')), 'false'],
    ['isMulticast', call('isMulticast', ip('239.1.2.3')), 'true'],
    ['isMulticast, a network of it', call('isMulticast', ip('224.0.0.0/4')), 'true'],
    ['isMulticast, a wider one', call('isMulticast', ip('224.0.0.1/3')), 'false'],
    ['isMulticast, another', call('isMulticast', ip('240.0.0.1')), 'false'],
    ['isMulticast of IPv6', call('isMulticast', ip('ff02::1')), 'true'],
    ['isMulticast of IPv6, a network of it', call('isMulticast', ip('ff00::/8')), 'true'],
    ['isMulticast of IPv6, a wider one', call('isMulticast', ip('ff00::/7')), 'false'],
    ['isMulticast of IPv6, another', call('isMulticast', ip('fe80::1')), 'false'],
    ['isInRange, the same', call('isInRange', ip('10.0.0.0/8'), ip('10.0.0.0/8')), 'true'],
    ['isInRange, a wider one', call('isInRange', ip('10.0.0.0/8'), ip('10.0.0.0/9')), 'false'],
    ['isInRange, beside it', call('isInRange', ip('11.0.0.1'), ip('10.0.0.0/8')), 'false'],
    ['isInRange, all of IPv4', call('isInRange', ip('1.2.3.4'), ip('0.0.0.0/0')), 'true'],
    ['isInRange, of IPv6', call('isInRange', ip('2001:db8::5'), ip('2001:db8::/32')), 'true'],
    ['isInRange, the other family', call('isInRange', ip('::'), ip('0.0.0.0/0')), 'false'],
    ['isInRange of a text', call('isInRange', ip('::'), value('a')), 'Error: type error: expected ipaddr, got string'],
    ['toDate', call('toDate', datetime('2024-01-02T03:04:05Z')), `datetime${String(Date.UTC(2024, 0, 2))}`],
    ['toTime', call('toTime', datetime('2024-01-02T00:00:05Z')), 'duration5000'],
    ['toTime of a duration', call('toTime', duration('1s')), 'Error: type error: expected datetime, got duration'],
    ['toMilliseconds', call('toMilliseconds', duration('1m1ms')), 'l60001'],
    ['toSeconds', call('toSeconds', duration('1m1ms')), 'l60'],
    ['toMinutes', call('toMinutes', duration('1h59s')), 'l60'],
    ['toHours', call('toHours', duration('1d59m')), 'l24'],
    ['toDays', call('toDays', duration('47h')), 'l1'],
    ['toDays of a date', call('toDays', datetime('2024-01-02')), 'Error: type error: expected duration, got datetime'],
    ['offset', call('offset', datetime('1970-01-01'), duration('-1s')), 'datetime-1000'],
    [
      'offset beyond what fits',
      call('offset', datetime('1970-01-02'), duration('9223372036854775807ms')),
      'Error: integer overflow while attempting to compute datetime offset',
    ],
    ['durationSince', call('durationSince', datetime('1970-01-02'), datetime('1970-01-01')), 'duration86400000'],
    [
      'durationSince beyond what fits',
      call(
        'durationSince',
        call('offset', datetime('1970-01-01'), duration('9223372036854775807ms')),
        datetime('1969-12-31'),
      ),
      'Error: integer overflow while attempting to compute durationSince',
    ],
  ])('%s', (_title, tree, expected) => {
    expect(run(tree)).toBe(expected);
  });
});

describe('equality', () => {
  it.each<[string, CedarValue, CedarValue, boolean]>([
    ['sets, in any order', setOf([1n, 'a']), setOf(['a', 1n, 1n]), true],
    ['sets of other elements', setOf([1n]), setOf(['1']), false],
    ['sets that would read alike when joined', setOf(['a1:sb']), setOf(['a', 'b']), false],
    [
      'records, in any order',
      recordOf([
        ['a', 1n],
        ['b', true],
      ]),
      recordOf([
        ['b', true],
        ['a', 1n],
      ]),
      true,
    ],
    ['records of other fields', recordOf([['a', 1n]]), recordOf([['b', 1n]]), false],
    ['an empty set and an empty record', setOf([]), EMPTY_RECORD, false],
    ['entities that would read alike when joined', entityValue('ab', 'c'), entityValue('a', 'bc'), false],
    ['a decimal and a duration', { kind: 'decimal', count: 1n }, { kind: 'duration', count: 1n }, false],
    [
      'an address and its network',
      { kind: 'ip', family: 4, address: 1n, prefix: 32 },
      { kind: 'ip', family: 4, address: 1n, prefix: 31 },
      false,
    ],
    [
      'an address of either family',
      { kind: 'ip', family: 4, address: 1n, prefix: 32 },
      { kind: 'ip', family: 6, address: 1n, prefix: 32 },
      false,
    ],
    ['a text and what it looks like', 'true', true, false],
  ])('%s', (_title, left, right, expected) => {
    expect(keyOf(left) === keyOf(right)).toBe(expected);
    expect([equal(left, right), equal(right, left)]).toEqual([expected, expected]);
  });
});
