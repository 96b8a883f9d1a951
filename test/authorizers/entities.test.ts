/** `entities_json` as cedar-go 1.8 reads it: what it takes, what becomes of it, and each fault with its place. */
import { entityText, keyOf, type CedarValue } from '../../src/authorizers/cedar-value.ts';
import { readEntities } from '../../src/authorizers/entities.ts';

function faults(text: string): readonly string[] {
  return readEntities(text).faults.map(({ place, message }) => `${place}: ${message}`);
}

/** The attribute `a` of the one entity, and whatever was wrong with it. */
function attribute(json: string): { readonly value: CedarValue | undefined; readonly faults: readonly string[] } {
  const text = `[{"uid":{"type":"T","id":"1"},"attrs":{"a":${json}}}]`;
  const [entity] = readEntities(text).entities;
  return { value: entity?.attributes.fields.get('a'), faults: faults(text) };
}

function deep(levels: number): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`;
}

it.each(['', 'null', '[]'])('%j is no entities, and no fault', (text) => {
  expect(readEntities(text)).toEqual({ entities: [], faults: [] });
});

describe('what is no list of entities', () => {
  const list = (kind: string): string =>
    `: json: cannot unmarshal ${kind} into Go value of type []types.Entity; expected a list of entities`;
  const entity = (kind: string): string =>
    `[0]: json: cannot unmarshal ${kind} into Go value of type types.Entity; expected an object with uid, attrs and parents`;
  it.each([
    ['{}', list('object')],
    ['1', list('number')],
    ['"a"', list('string')],
    ['true', list('bool')],
    ['[[]]', entity('array')],
    ['[1]', entity('number')],
    ['["a"]', entity('string')],
    ['[false]', entity('bool')],
    ['[{"uid":', ': it is not JSON: it ends too early'],
    ['[\n {"uid" 1}]', ': it is not JSON: unexpected text at line 2, column 9'],
    [deep(66), ': it nests deeper than 64 levels, the limit of this check'],
    [deep(200_000), ': it nests deeper than 64 levels, the limit of this check'],
  ])('%.20s', (text, fault) => {
    expect(faults(text)).toEqual([fault]);
    expect(readEntities(text).entities).toHaveLength(fault.startsWith('[0]') ? 1 : 0);
  });

  it('one level less is read', () => {
    expect(faults(deep(65))).toEqual([entity('array')]);
  });

  it('an entry that is null is an entity of nothing', () => {
    const { entities, faults: found } = readEntities('[null, {}]');
    expect(found).toEqual([]);
    expect(entities.map(({ uid, parents }) => [uid, parents])).toEqual([
      [undefined, []],
      [undefined, []],
    ]);
  });
});

describe('who an entity is, and its parents', () => {
  it.each([
    ['{"type":"T","id":"1"}', { type: 'T', id: '1' }],
    ['{"type":null,"__entity":{"type":"T","id":"1"}}', { type: 'T', id: '1' }],
    ['{"__entity":{"type":"T","id":"1"}}', { type: 'T', id: '1' }],
    ['{"__entity":{"type":"T"}}', { type: 'T', id: '' }],
    ['{"__entity":{}}', { type: '', id: '' }],
    ['{"__entity":null,"type":"T","id":"1"}', { type: 'T', id: '1' }],
    ['{"type":"x","id":"y","__entity":{"type":"T","id":"1"}}', { type: 'T', id: '1' }],
    ['{"TYPE":"T","Id":"1"}', { type: 'T', id: '1' }],
    ['{"type":"a","Type":"T","id":"1"}', { type: 'T', id: '1' }],
    ['{"type":"T\\ud800","id":"\\udc00"}', { type: 'T\ufffd', id: '\ufffd' }],
  ])('%s', (uid, expected) => {
    const { entities, faults: found } = readEntities(`[{"uid":${uid},"parents":[${uid}]}]`);
    expect(found).toEqual([]);
    expect(entities.map((entity) => [entity.uid, entity.parents])).toEqual([[expected, [expected]]]);
  });

  it.each([
    '{}',
    '{"type":"T"}',
    '{"id":"1"}',
    '{"type":"T","id":null}',
    '{"type":"T","id":1}',
    '{"type":1,"id":"1"}',
    '{"__entity":1}',
    '{"__entity":{"type":1}}',
    '{"__entity":{"id":[]}}',
    '{"type":1,"__entity":{"type":"T","id":"1"}}',
    '[]',
    '7',
  ])('%s is nobody', (uid) => {
    const expected = 'expected {"type": "…", "id": "…"}';
    expect(faults(`[{"uid":${uid}}]`)).toEqual([`[0].uid: ${expected}`]);
    expect(faults(`[{"parents":[{"type":"T","id":"1"},${uid}]}]`)).toEqual([`[0].parents[1]: ${expected}`]);
    expect(readEntities(`[{"parents":[${uid},{"type":"T","id":"1"}]}]`).entities[0]?.parents).toEqual([
      { type: 'T', id: '1' },
    ]);
  });

  it('a text as an identifier is refused in the words of Go', () => {
    expect(faults('[{"uid":"T::1"}]')).toEqual([
      '[0].uid: json: cannot unmarshal string into Go struct field Entity.uid of type types.entityValueJSON; expected {"type": "…", "id": "…"}',
    ]);
  });

  it.each([
    ['"a"', 'string'],
    ['{}', 'object'],
    ['5', 'number'],
  ])('parents are a list, not %s', (parents, kind) => {
    expect(faults(`[{"parents":${parents}}]`)).toEqual([
      `[0].parents: expected a list of {"type": …, "id": …}, not a ${kind}`,
    ]);
    expect(readEntities(`[{"parents":${parents}}]`).entities[0]?.parents).toEqual([]);
  });

  it('or are left out, as null or not at all', () => {
    const { entities, faults: found } = readEntities('[{"parents":null,"attrs":null,"tags":null}]');
    expect([found, entities[0]?.parents]).toEqual([[], []]);
  });

  it('tags are read like attributes', () => {
    const [tagged] = readEntities('[{"uid":{"type":"T","id":"1"},"tags":{"k":["v"],"n":1}}]').entities;
    expect([...(tagged?.tags.fields ?? [])].map(([name, tag]) => [name, keyOf(tag)])).toEqual([
      ['k', 'set2:sv'],
      ['n', 'l1'],
    ]);
    expect(tagged?.attributes.fields.size).toBe(0);
  });
});

describe('attributes', () => {
  it.each([
    ['"x"', 'sx'],
    ['true', 'true'],
    ['9223372036854775807', 'l9223372036854775807'],
    ['-9223372036854775808', 'l-9223372036854775808'],
    ['[1, 1, 2]', 'set2:l12:l2'],
    ['{"b": 1}', 'record1:b2:l1'],
    ['{"__entity": {"type": "T", "id": "x"}}', 'e1:Tx'],
    ['{"type": "T", "id": "x"}', 'record2:id2:sx4:type2:sT'],
    ['{"__extn": {"fn": "decimal", "arg": "1.5"}}', 'decimal15000'],
    ['{"__EXTN": {"Fn": "ip", "ARG": "10.0.0.1"}}', 'ip4:167772161/32'],
    ['{"__extn": 1}', 'record6:__extn2:l1'],
    ['{"__entity": 1}', 'record8:__entity2:l1'],
    ['"\\ud800"', 's\ufffd'],
    ['{"\\ud800": 1}', 'record1:\ufffd2:l1'],
  ])('%s', (json, key) => {
    const { value, faults: found } = attribute(json);
    expect(found).toEqual([]);
    expect(value === undefined ? undefined : keyOf(value)).toBe(key);
  });

  it.each([
    ['null', '[0].attrs.a: unsupported type: null is no Cedar value; leave the attribute out'],
    [
      '1.5',
      '[0].attrs.a: long out of range: 1.5 is no 64 bit integer; for a fraction use {"__extn": {"fn": "decimal", "arg": "1.5"}}',
    ],
    [
      '9223372036854775808',
      '[0].attrs.a: long out of range: 9223372036854775808 is no 64 bit integer; for a fraction use {"__extn": {"fn": "decimal", "arg": "1.5"}}',
    ],
    [
      '1e2',
      '[0].attrs.a: long out of range: 1e2 is no 64 bit integer; for a fraction use {"__extn": {"fn": "decimal", "arg": "1.5"}}',
    ],
    ['[1, null]', '[0].attrs.a[1]: unsupported type: null is no Cedar value; leave the attribute out'],
    ['{"b": null}', '[0].attrs.a.b: unsupported type: null is no Cedar value; leave the attribute out'],
    ['{"__extn": {"fn": "decimal", "arg": "x"}}', '[0].attrs.a: invalid extension value: decimal("x")'],
    ['{"__extn": {"fn": "uuid", "arg": "x"}}', '[0].attrs.a: invalid extension value: uuid("x")'],
    ['{"__extn": {}}', '[0].attrs.a: invalid extension value: ("")'],
    ['{"__extn": {"fn": null, "arg": null}}', '[0].attrs.a: invalid extension value: ("")'],
  ])('%s is none', (json, fault) => {
    expect(attribute(json).faults).toEqual([fault]);
  });

  it.each([
    ['attrs', '1', 'number'],
    ['attrs', '[]', 'array'],
    ['tags', '"a"', 'string'],
    ['tags', 'false', 'bool'],
  ])('%s are an object, not %s', (name, json, kind) => {
    const { entities, faults: found } = readEntities(`[{"${name}":${json}}]`);
    expect(found).toEqual([{ place: `[0].${name}`, message: `expected an object of attributes, not a ${kind}` }]);
    expect(entities[0]?.attributes.fields.size).toBe(0);
  });

  it('an extension is one only where both of its parts are texts', () => {
    expect(attribute('{"__extn": {"fn": 1, "arg": "x"}}').faults).toEqual([]);
    expect(attribute('{"__extn": {"fn": "ip", "arg": 1}}').faults).toEqual([]);
  });
});

it('an identifier is shown escaped, on one line', () => {
  expect(entityText({ kind: 'entity', type: 'T', id: 'a\0\t\r\n\\"\'\u0007\u00a0\u2028\u{e0001} é' })).toBe(
    'T::"a\\0\\t\\r\\n\\\\\\"\\\'\\u{7}\\u{a0}\\u{2028}\\u{e0001} é"',
  );
});
