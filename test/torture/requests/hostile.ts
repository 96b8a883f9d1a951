/** Values that break careless readers of JSON, and where they can be put. */

/** As JSON text, because most of them cannot be written by JSON.stringify. */
export const HOSTILE_VALUES: readonly string[] = [
  ...['null', 'true', '0', '-0', '-1', '1.0', '1e3', '1e999', '-1e999', '5e-324', '1e-999'],
  ...[
    '9007199254740993',
    '-9223372036854775808',
    '18446744073709551616',
    `1${'0'.repeat(400)}`,
    `0.${'3'.repeat(400)}`,
  ],
  ...['""', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\uffff\\ufeff\\u202e"', '"__proto__"', '"constructor"'],
  ...[
    '"toString"',
    '"hasOwnProperty"',
    '"../../../etc/passwd"',
    '"a\\r\\nSet-Cookie: a=b"',
    '"${jndi:ldap://a}"',
    '"%00"',
  ],
  `"${'x'.repeat(10_000)}"`,
  `"${'\\ud83d\\ude00'.repeat(500)}"`,
  ...['{}', '[]', '[[]]', '[null]', '{"":""}', '{"a":1,"a":2}', '{"length":1e9}', '{"then":1}', '{"toJSON":{}}'],
  ...['{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"admin":true}}}', '{"__proto__":null}'],
  ...['{"__proto__":[]}', '{"get":{},"has":{},"size":-1}', '{"0":"a","1":"b"}', '{"toString":1,"valueOf":2}'],
  `${'['.repeat(900)}${']'.repeat(900)}`,
  `${'{"a":'.repeat(900)}1${'}'.repeat(900)}`,
  `${'['.repeat(1100)}${']'.repeat(1100)}`,
  `[${'0,'.repeat(5000)}0]`,
  `{${Array.from({ length: 2000 }, (_, i) => `"k${String(i)}":${String(i)}`).join()}}`,
];

export const HOSTILE_KEYS: readonly string[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'length', 'then', 'toJSON'],
  ...[
    '',
    '0',
    '-1',
    'a.b',
    'a/b',
    '~1',
    '\u0000',
    '\ud800',
    'é',
    'ｓｐｅｃ',
    'SPEC',
    'metadata',
    'spec',
    'kind',
    'uid',
    'x'.repeat(5000),
  ],
];

/** What a mutation leaves behind in the tree until it is text. */
export function placeholder(index: number): string {
  return `@@hostile-${String(index)}@@`;
}

const PLACEHOLDER = /"@@hostile-(\d+)@@"/g;
const LONE_PROTO = /"@@proto@@":/g;

/** A key that an assignment would not make a key. */
export const PROTO_KEY = '@@proto@@';

export function withHostileValues(text: string): string {
  return text
    .replace(PLACEHOLDER, (_whole, index: string) => HOSTILE_VALUES[Number(index)] ?? 'null')
    .replace(LONE_PROTO, '"__proto__":');
}
