/** How Go's encoding/json fills a struct (Go documentation, Unmarshal), because that decides what ToolHive accepts. */
import { goDecode, BOOL, INT, list, STRING, struct } from '../../src/authorizers/go-json.ts';
import { parseJson } from '../../src/api/json-text.ts';

const TYPE = struct('Options', {
  name: STRING,
  names: list(STRING),
  count: INT,
  on: BOOL,
  inner: struct('Inner', { url: STRING }),
});

it.each([
  ['{"name":"a"}', { name: 'a' }, [], []],
  ['{"NAME":"a"}', { name: 'a' }, [], []],
  ['{"ſ":1,"Name":"a","name":"b"}', { name: 'b' }, [], ['ſ']],
  ['{"name":"b","NAME":"a"}', { name: 'a' }, [], []],
  ['{"name":null,"names":null,"count":null,"inner":null}', {}, [], []],
  ['{"inner":{"URL":"x","y":1}}', { inner: { url: 'x' } }, [], ['inner.y']],
  ['{"count":9007199254740993}', { count: 9007199254740992 }, [], []],
  ['{"names":["a",null]}', { names: ['a', ''] }, [], []],
  ['{"name":1}', {}, ['name: json: cannot unmarshal number into Go struct field Options.root.name of type string'], []],
  [
    '{"count":1.5}',
    {},
    ['count: json: cannot unmarshal number 1.5 into Go struct field Options.root.count of type int'],
    [],
  ],
  [
    '{"count":1.0}',
    {},
    ['count: json: cannot unmarshal number 1.0 into Go struct field Options.root.count of type int'],
    [],
  ],
  [
    '{"count":"1"}',
    {},
    ['count: json: cannot unmarshal string into Go struct field Options.root.count of type int'],
    [],
  ],
  ['{"on":"true"}', {}, ['on: json: cannot unmarshal string into Go struct field Options.root.on of type bool'], []],
  [
    '{"names":"a"}',
    {},
    ['names: json: cannot unmarshal string into Go struct field Options.root.names of type []string'],
    [],
  ],
  [
    '{"names":["a",2]}',
    { names: ['a', ''] },
    ['names[1]: json: cannot unmarshal number into Go struct field Options.root.names of type string'],
    [],
  ],
  [
    '{"inner":[]}',
    { inner: {} },
    ['inner: json: cannot unmarshal array into Go struct field Options.root.inner of type Inner'],
    [],
  ],
  [
    '{"inner":1.0}',
    { inner: {} },
    ['inner: json: cannot unmarshal number into Go struct field Options.root.inner of type Inner'],
    [],
  ],
  ['{"constructor":1,"__proto__":{"name":"x"},"toString":2}', {}, [], ['__proto__', 'constructor', 'toString']],
])('%s', (text, value, mismatches, ignored) => {
  const decoded = goDecode(parseJson(text), TYPE, 'root');
  expect(decoded.value).toEqual(value);
  expect(decoded.mismatches.map(({ path, message }) => `${path}: ${message}`)).toEqual(mismatches);
  expect(decoded.ignored).toEqual(ignored);
});
