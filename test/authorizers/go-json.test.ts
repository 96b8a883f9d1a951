/** How Go's encoding/json fills a struct (Go documentation, Unmarshal), because that decides what ToolHive accepts. */
import { goDecode, BOOL, INT, list, STRING, struct, type GoStruct } from '../../src/authorizers/go-json.ts';
import { parseJson } from '../../src/api/json-text.ts';

function options(): GoStruct {
  return struct('Options', {
    name: STRING,
    names: list(STRING),
    count: INT,
    on: BOOL,
    inner: struct('Inner', { url: STRING }),
  });
}

function wrong(path: string, kind: string, field: string, type: string): string {
  return `${path}: json: cannot unmarshal ${kind} into Go struct field Options.root.${field} of type ${type}`;
}

it.each([
  ['{"name":"a"}', { name: 'a' }, [], []],
  ['{"NAME":"a"}', { name: 'a' }, [], []],
  ['{"ſ":1,"Name":"a","name":"b"}', { name: 'b' }, [], ['ſ']],
  ['{"name":"b","NAME":"a"}', { name: 'a' }, [], []],
  ['{"name":null,"names":null,"count":null,"inner":null}', {}, [], []],
  ['{"inner":{"URL":"x","y":1}}', { inner: { url: 'x' } }, [], ['inner.y']],
  ['{"count":9007199254740993}', { count: 9007199254740992 }, [], []],
  ['{"names":["a",null]}', { names: ['a', ''] }, [], []],
  ['{"names":[null]}', { names: [''] }, [], []],
  ['{"NAMES":["a","b"],"names":[null,"c"]}', { names: ['a', 'c'] }, [], []],
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
  ['{"NAME":null,"name":"b"}', { name: 'b' }, [], []],
  ['{"NAME":"a","name":null}', { name: 'a' }, [], []],
  ['{"NAME":"a","name":1}', { name: 'a' }, [wrong('name', 'number', 'name', 'string')], []],
  ['{"NAMES":["a"],"names":null}', {}, [], []],
  ['{"INNER":{"url":"x"},"inner":{"y":1}}', { inner: { url: 'x' } }, [], ['inner.y']],
  ['{"INNER":{"url":"x"},"inner":null}', {}, [], []],
  ['{"INNER":{"url":"x"},"inner":1}', { inner: { url: 'x' } }, [wrong('inner', 'number', 'inner', 'Inner')], []],
  ['{"name":"\\ud800"}', { name: '\ufffd' }, [], []],
  ['{"name":true}', {}, [wrong('name', 'bool', 'name', 'string')], []],
  ['{"name":{}}', {}, [wrong('name', 'object', 'name', 'string')], []],
  ['{"name":[]}', {}, [wrong('name', 'array', 'name', 'string')], []],
  ['{"name":1.0}', {}, [wrong('name', 'number', 'name', 'string')], []],
  ['{"on":1}', {}, [wrong('on', 'number', 'on', 'bool')], []],
  ['{"on":false}', { on: false }, [], []],
  ['{"count":true}', {}, [wrong('count', 'bool', 'count', 'int')], []],
  ['{"count":-5}', { count: -5 }, [], []],
  ['{"count":-9223372036854775808}', { count: -(2 ** 63) }, [], []],
  ['{"count":9223372036854775808}', {}, [wrong('count', 'number 9223372036854775808', 'count', 'int')], []],
  ['{"count":-9223372036854777856}', {}, [wrong('count', 'number -9223372036854777856', 'count', 'int')], []],
  [
    '{"inner":{"url":1}}',
    { inner: {} },
    ['inner.url: json: cannot unmarshal number into Go struct field Inner.root.inner.url of type string'],
    [],
  ],
  ['{"b":1,"a":2}', {}, [], ['a', 'b']],
  ['[]', {}, [': json: cannot unmarshal array into Go struct field Config.root of type Options'], []],
  ['1.0', {}, [': json: cannot unmarshal number into Go struct field Config.root of type Options'], []],
  ['{"\u017f\u212a\u017f":1,"\u212aey":2}', {}, [], ['\u017f\u212a\u017f', '\u212aey']],
  ['{"\u0131nner":{},"inne\u00df":{}}', {}, [], ['inne\u00df', '\u0131nner']],
  ['{"constructor":1,"__proto__":{"name":"x"},"toString":2}', {}, [], ['__proto__', 'constructor', 'toString']],
])('%s', (text, value, mismatches, ignored) => {
  const decoded = goDecode(parseJson(text), options(), 'root');
  expect(decoded.value).toStrictEqual(value);
  expect(decoded.mismatches.map(({ path, message }) => `${path}: ${message}`)).toEqual(mismatches);
  expect(decoded.ignored).toEqual(ignored);
});

it('an integer beyond 64 bits is none, whoever has read the text', () => {
  const { value, mismatches } = goDecode({ count: 2 ** 64 }, options(), 'root');
  expect(value).toStrictEqual({});
  expect(mismatches.map(({ message }) => message)).toEqual([
    'json: cannot unmarshal number 18446744073709552000 into Go struct field Options.root.count of type int',
  ]);
});

it('tells which keys come again, whatever they bring', () => {
  const text =
    '{"on":true,"On":1,"names":null,"NAME":"a","x":1,"X":2,"INNER":{"URL":"y","url":1},"name":"b","Name":"c"}';
  expect(goDecode(parseJson(text), options(), 'root').repeated).toEqual(['INNER.url', 'Name', 'On', 'name']);
});

it('two letters outside ASCII are as good as one inside it', () => {
  const type = struct('T', { risk: STRING });
  expect(goDecode({ 'RI\u017f\u212a': 'a' }, type, 'root').value).toEqual({ risk: 'a' });
  expect(goDecode({ risk: 'b', 'ri\u017fk': 'a' }, type, 'root').value).toEqual({ risk: 'a' });
});
