/** The bytes that ToolHive hashes, and the two hashes over them. */
import { parseJson } from '../../src/api/json-text.ts';
import { canonicalJson } from '../../src/authorizers/canonical-json.ts';
import { fullRuntimeJson, sha256, toolhiveConfigHash } from '../../src/authorizers/config-hash.ts';
import { depthExceeds } from '../../src/authorizers/depth.ts';

it.each([
  ['{"b":1,"a":[true,null,{}],"":""}', '{"":"","a":[true,null,{}],"b":1}'],
  ['{"\u{1f600}":1,"\uffff":2,"z":3}', '{"z":3,"\uffff":2,"\u{1f600}":1}'],
  ['"<a>&\u2028\u2029\u00e9"', '"\\u003ca\\u003e\\u0026\\u2028\\u2029\u00e9"'],
  ['{"<":1}', '{"\\u003c":1}'],
  ['"\\ud800"', '"\ufffd"'],
  ['["<",{"b":1,"a":[-0]},[]]', '["\\u003c",{"a":[-0],"b":1},[]]'],
  ['1.0', '1'],
  ['1.50', '1.5'],
  ['{"b":1.0,"a":[1e3,-0.0]}', '{"a":[1000,-0],"b":1}'],
  ['-0', '-0'],
  ['-0.0', '-0'],
  ['0', '0'],
  ['1e21', '1e+21'],
  ['"a\\n\\"\\\\"', '"a\\n\\"\\\\"'],
])('%s is written %s', (text, expected) => {
  expect(canonicalJson(parseJson(text))).toBe(expected);
});

it('the envelope is what the proxy reads', () => {
  expect(fullRuntimeJson('cedarv1', 'cedar', { policies: ['a'] })).toBe(
    '{"cedar":{"policies":["a"]},"type":"cedarv1","version":"1.0"}',
  );
});

it('the hashes are those of ToolHive, and of everybody', () => {
  const config = '{"entities_json":"[]","policies":["permit(principal, action, resource);"]}';
  expect(toolhiveConfigHash('cedarv1', config)).toBe('ca88b29d');
  expect(toolhiveConfigHash('httpv1', config)).not.toBe('ca88b29d');
  expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

it.each([
  [1, 0, false],
  [[], 0, false],
  [[1], 0, true],
  [[1], 1, false],
  [{ a: [{ b: null }] }, 2, true],
  [{ a: [{ b: null }] }, 3, false],
  [null, 0, false],
])('%j nests deeper than %d: %s', (value, limit, expected) => {
  expect(depthExceeds(value, limit)).toBe(expected);
});
