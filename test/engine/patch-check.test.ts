import { writtenAsFraction } from '../../src/api/json-text.ts';
import { doesWhatItSays } from '../../src/engine/patch-check.ts';

const json = (text: string): unknown => JSON.parse(text);

it.each<[string, unknown, Parameters<typeof doesWhatItSays>[1], unknown, boolean]>([
  ['no change', { a: 1 }, [], { a: 1 }, true],
  ['a change', { a: 1 }, [{ op: 'replace', path: '/a', value: 2 }], { a: 2 }, true],
  ['another change', { a: 1 }, [{ op: 'replace', path: '/a', value: 2 }], { a: 3 }, false],
  ['a change of what is not there', { a: 1 }, [{ op: 'remove', path: '/b/c' }], { a: 1 }, false],
  [
    'a change beside a key named __proto__, in lists too',
    json('{"l":[{"__proto__":1}],"a":1}'),
    [{ op: 'replace', path: '/a', value: json('[{"__proto__":2}]') }],
    json('{"l":[{"__proto__":1}],"a":[{"__proto__":2}]}'),
    true,
  ],
  [
    'a change below one',
    json('{"__proto__":{"a":1},"l":[{"__proto__":1}]}'),
    [{ op: 'remove', path: '/__proto__/a' }],
    json('{"__proto__":{},"l":[{"__proto__":1}]}'),
    true,
  ],
  [
    'a change below one in a list',
    json('{"l":[{"__proto__":{"a":1}}],"n":null}'),
    [{ op: 'remove', path: '/l/0/__proto__/a' }],
    json('{"l":[{"__proto__":{}}],"n":null}'),
    true,
  ],
  [
    'one below another',
    json('{"__proto__":{"a":1}}'),
    [{ op: 'replace', path: '/__proto__/a', value: json('{"__proto__":2}') }],
    json('{"__proto__":{"a":{"__proto__":2}}}'),
    true,
  ],
  [
    'another number that was written as a fraction',
    { n: writtenAsFraction(1) },
    [{ op: 'replace', path: '/n', value: writtenAsFraction(2) }],
    { n: writtenAsFraction(3) },
    false,
  ],
  [
    'another change below one',
    json('{"__proto__":{"a":1}}'),
    [{ op: 'remove', path: '/__proto__/a' }],
    json('{"__proto__":{"a":1}}'),
    false,
  ],
])('%s', (_what, before, patch, after, expected) => {
  expect(doesWhatItSays(before, patch, after)).toBe(expected);
});
