/** What JSON becomes, and that nothing of JavaScript shows through. */
import { toCelValue } from '../../src/cel/values.ts';
import { cel, fault } from './support.ts';

// JSON.parse makes __proto__ an own key, as a label of that name is.
const OBJECT: unknown = JSON.parse(
  '{"labels":{"constructor":"c","__proto__":"p","a":"b"},"replicas":2,"half":0.5,"huge":1e300,"nothing":null,"list":[1,null],"empty":{}}',
);

describe('numbers', () => {
  it.each<[string, unknown]>([
    ['object.replicas + 1', 3n],
    ['object.replicas % 2 == 0', true],
    ['object.replicas > 1.5', true],
    ['object.half * 2.0', 1],
    ['object.huge > 1', true],
    ['object.list[object.replicas - 2]', 1n],
    ['-9223372036854775808', -(2n ** 63n)],
    ['9223372036854775807', 2n ** 63n - 1n],
  ])('%s', (source, expected) => {
    expect(cel(source, OBJECT)).toEqual(expected);
  });

  it.each([
    ['9223372036854775807 + object.replicas', 'evaluate 1:1 integer overflow: 9223372036854775809'],
    ['9223372036854775808', 'check 1:1 the number does not fit into an int'],
    ['1 - 9223372036854775809', 'check 1:5 the number does not fit into an int'],
    ['object.replicas / 0', 'evaluate 1:1 division by zero'],
    ['object.replicas + object.half', 'evaluate 1:1 no such overload: dyn<int> + dyn<double>'],
    ['1 == 1.0', 'check 1:1 no such overload: int == double'],
  ])('%s is refused', (source, expected) => {
    expect(fault(source, OBJECT)).toBe(expected);
  });
});

describe('absence', () => {
  it.each<[string, unknown]>([
    ['has(object.nothing)', false],
    ['has(object.replicas)', true],
    ['has(object.none)', false],
    ['"nothing" in object', false],
    ['object.?nothing.orValue("none")', 'none'],
    ['object.list[1] == null', true],
    ['object == null', false],
    ['object.empty == {}', true],
    ['object.empty.size()', 0n],
  ])('%s', (source, expected) => {
    expect(cel(source, OBJECT)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['object == null', true],
    ['object != null && object.spec.x', false],
    ['has(object.spec)', false],
  ])('%s, where there is no object', (source, expected) => {
    expect(cel(source, null)).toEqual(expected);
  });

  it('of a field is an error with its place', () => {
    expect(fault('object.empty.x', OBJECT)).toBe('evaluate 1:14 No such key: x');
    expect(fault('object.spec', null)).toBe('evaluate 1:8 No such key: spec');
  });
});

describe('keys with a meaning in JavaScript', () => {
  it.each<[string, unknown]>([
    ['object.labels["constructor"]', 'c'],
    ['object.labels.constructor', 'c'],
    ['object.labels["__proto__"]', 'p'],
    ['has(object.labels.constructor)', true],
    ['has(object.empty.constructor)', false],
    ['"constructor" in object.empty', false],
    ['"__proto__" in object.labels', true],
    ['"toString" in object.labels', false],
    ['has(object.labels.toString)', false],
    ['has(object.list.length)', false],
    ['object.labels.map(k, k).size()', 3n],
    ['"constructor" in {"a": 1}', false],
  ])('%s', (source, expected) => {
    expect(cel(source, OBJECT)).toEqual(expected);
  });

  it.each([
    ['object.empty.constructor', 'evaluate 1:14 No such key: constructor'],
    ['object.empty["__proto__"]', 'evaluate 1:1 No such key: __proto__'],
    ['object.labels.hasOwnProperty("a")', "check 1:1 found no matching overload for 'dyn.hasOwnProperty(string)'"],
    ['{"a": 1}["constructor"]', 'evaluate 1:1 No such key: constructor'],
    ['{"__proto__": 1}', 'check 1:2 the key "__proto__" is not supported in a map literal'],
    ['{"a": 1, "constructor": 1}', 'check 1:10 the key "constructor" is not supported in a map literal'],
  ])('%s is refused', (source, expected) => {
    expect(fault(source, OBJECT)).toBe(expected);
  });
});

it('takes an object of any depth', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 20_000; level += 1) {
    deep = { a: deep };
  }
  expect(cel('has(object.a.a)', deep)).toBe(true);
});

it('leaves the object as it is, and what is a CEL value already too', () => {
  const frozen = Object.freeze({ a: Object.freeze([1]) });
  expect(toCelValue(frozen)).toEqual(new Map([['a', [1n]]]));
  const value = new Map([['a', 1n]]);
  expect(toCelValue(value)).toBe(value);
});
