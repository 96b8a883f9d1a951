/** Numbers that Go's reader does not take for an int although JavaScript does. */
import { jsonEqual } from '../../src/api/json.ts';
import { distinctJson, isWrittenAsFraction, parseJson } from '../../src/api/json-text.ts';

describe('an integer that is written as a fraction', () => {
  it.each([
    '1.0',
    '-2.00',
    '1e3',
    '1.0E2',
    '0.0',
    '12.5e1',
    '0.5e1',
    '4503599627370497.5',
    '9223372036854775808',
    '-9223372036854775809',
  ])('%s is told from an int, at any place', (literal) => {
    expect(isWrittenAsFraction((parseJson(`{"a": ${literal}}`) as { a: unknown }).a)).toBe(true);
    expect(isWrittenAsFraction((parseJson(`[0, ${literal} ]`) as unknown[])[1])).toBe(true);
    expect(JSON.stringify(parseJson(`[${literal}]`))).toBe(JSON.stringify([Number(literal)]));
  });

  it.each([
    '1',
    '-2',
    '1.5',
    '1e-3',
    '9223372036854775807',
    '-9223372036854775808',
    '12345678901234567',
    '"1.0"',
    '"[1.0]"',
  ])('%s is what it is', (literal) => {
    expect(parseJson(`[${literal}, 1.0]`)).toEqual([JSON.parse(literal), expect.anything()]);
  });

  it('survives a structured clone, as a worker makes it', () => {
    expect(isWrittenAsFraction((structuredClone(parseJson('[1.0]')) as unknown[])[0])).toBe(true);
  });

  it('equals the number however it is written, and nothing else', () => {
    expect(jsonEqual(parseJson('{"a":1.0}'), { a: 1 })).toBe(true);
    expect(jsonEqual(parseJson('{"a":1.0}'), parseJson('{"a":10e-1}'))).toBe(true);
    expect(jsonEqual(parseJson('{"a":1.0}'), parseJson('{"a":2.0}'))).toBe(false);
    expect(jsonEqual(parseJson('{"a":1.0}'), { a: '1' })).toBe(false);
    expect(jsonEqual(parseJson('{"a":1.0}'), { a: {} })).toBe(false);
  });
});

describe('JSON for a key', () => {
  const ODD = [
    '1e999',
    '-1e999',
    'null',
    '-0',
    '0',
    '0.0',
    '-0.0',
    '1',
    '1.0',
    '-1',
    '-1.0',
    '1e21',
    '"1.0"',
    '"1e999"',
  ];

  it('is another one for each value that some reader tells apart', () => {
    const keys = ODD.map((literal) => distinctJson(parseJson(`{"a": [${literal}]}`)));
    expect(new Set(keys).size).toBe(ODD.length);
  });

  it('is the same for the same value, however it was written', () => {
    expect(distinctJson(parseJson('[1.0, 1e3, -1e999]'))).toBe(distinctJson(parseJson('[1.00, 1000.0, -1e1000]')));
  });

  it('is what JSON.stringify writes where there is none of them', () => {
    const value = { a: [1, -2.5, 'x', true, null, { b: '1.0' }] };
    expect(distinctJson(value)).toBe(JSON.stringify(value));
  });
});
