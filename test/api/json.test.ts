import { at, jsonEqual, withProperty } from '../../src/api/json.ts';

describe('at', () => {
  it.each([
    [{ a: { b: 1 } }, ['a', 'b'], 1],
    [{ a: null }, ['a'], undefined],
    [{ a: [] }, ['a', 'length'], undefined],
    [{}, ['constructor'], undefined],
    [{}, ['__proto__', 'toString'], undefined],
    [JSON.parse('{"__proto__": {"x": 1}}'), ['__proto__', 'x'], 1],
    ['text', ['length'], undefined],
  ])('%j at %j is %p', (value, path, expected) => {
    expect(at(value, ...path)).toBe(expected);
  });
});

describe('withProperty', () => {
  it('sets and removes, on a copy', () => {
    const object = { a: 1 };
    expect([withProperty(object, 'b', 2), withProperty(object, 'a', undefined), object]).toEqual([
      { a: 1, b: 2 },
      {},
      { a: 1 },
    ]);
  });

  it('treats __proto__ as the key that it is in JSON', () => {
    const object = withProperty({}, '__proto__', { polluted: true });
    expect(Object.keys(object)).toEqual(['__proto__']);
    expect('polluted' in object).toBe(false);
  });
});

describe('jsonEqual', () => {
  it.each([
    [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: undefined }, { b: undefined }, false],
    [[1, 2], [2, 1], false],
    [[1], { 0: 1 }, false],
    [{ 0: 1 }, [1], false],
    [null, {}, false],
    ['a', 'a', true],
  ])('%j and %j: %p', (left, right, expected) => {
    expect(jsonEqual(left, right)).toBe(expected);
  });
});
