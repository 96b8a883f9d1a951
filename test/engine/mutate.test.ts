import fc from 'fast-check';
import jsonpatch from 'jsonpatch';
import { jsonPatch } from '../../src/engine/json-patch.ts';
import { mutate } from '../../src/engine/mutate.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { Mutator } from '../../src/rules/contract.ts';
import { create, server } from '../support/objects.ts';

const NOTHING = createWorldAnswers();

function mutator(id: string, change: Mutator['mutate']): Mutator {
  return {
    id,
    title: id,
    match: { resources: ['mcpservers'], operations: ['CREATE'] },
    queries: () => [],
    mutate: change,
  };
}

describe('mutate', () => {
  it('gives each mutator what the one before it left, and makes one patch of all', () => {
    const add = (key: string): Mutator =>
      mutator(key, ({ object }) => ({
        object: { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [key]: 'x' } } },
        findings: [{ level: 'warn', path: key, reason: 'Added', message: key }],
      }));
    const result = mutate([add('b'), add('a')], create(server()), NOTHING);
    expect(result.patch).toEqual([{ op: 'add', path: '/metadata/labels', value: { b: 'x', a: 'x' } }]);
    expect(result.findings.map(({ ruleId }) => ruleId)).toEqual(['a', 'b']);
  });

  it('leaves an object that is being deleted as it is', () => {
    const spoil = mutator('spoil', () => ({ object: server({ image: 'spoilt' }), findings: [] }));
    const input = create(server({}, { deletionTimestamp: '2026-11-24T00:00:00Z' }));
    expect(mutate([spoil], input, NOTHING).patch).toEqual([]);
  });

  it.each([
    ['beside the change', { metadata: JSON.parse('{"name":"w","__proto__":true}') as object }],
    ['on its way', JSON.parse('{"spec":{"__proto__":{"a":1}}}') as object],
  ])('takes a key named __proto__ for a key, %s', (_title, fields) => {
    const object = { ...server(), ...fields };
    const label = mutator('label', () => ({
      object: JSON.parse(
        JSON.stringify(object).replace('"name":"w"', '"name":"w","labels":{"a":"b"}').replace('"a":1', '"a":2'),
      ) as typeof object,
      findings: [],
    }));
    const { patch, failures } = mutate([label], create(object), NOTHING);
    expect(failures).toEqual([]);
    expect(patch).toContainEqual({ op: 'add', path: '/metadata/labels', value: { a: 'b' } });
  });

  it('contains a mutator that throws', () => {
    const broken = mutator('broken', () => {
      throw new Error('boom');
    });
    const result = mutate([broken], create(server()), NOTHING);
    expect(result.patch).toEqual([]);
    expect(result.failures.map(({ ruleId, error }) => [ruleId, error.message])).toEqual([['broken', 'boom']]);
  });
});

describe('jsonPatch', () => {
  it.each<[string, unknown, unknown, unknown]>([
    ['nothing for equal documents', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['escaped pointers', { a: {} }, { a: { 'x/y~z': 1 } }, [{ op: 'add', path: '/a/x~1y~0z', value: 1 }]],
    [
      'added elements',
      { a: [1] },
      { a: [1, 2, 3] },
      [
        { op: 'add', path: '/a/-', value: 2 },
        { op: 'add', path: '/a/-', value: 3 },
      ],
    ],
    ['a changed element in place', [{ n: 1 }], [{ n: 2 }], [{ op: 'replace', path: '/0/n', value: 2 }]],
    ['a shorter list as a whole', { a: [1, 2] }, { a: [2] }, [{ op: 'replace', path: '/a', value: [2] }]],
    ['removed keys', { a: 1, b: 2 }, { b: 2 }, [{ op: 'remove', path: '/a' }]],
    ['another type', { a: [] }, { a: {} }, [{ op: 'replace', path: '/a', value: {} }]],
  ])('%s', (_title, before, after, expected) => {
    expect(jsonPatch(before, after)).toEqual(expected);
  });

  it('is what the library makes the one document into the other with', () => {
    // A key named __proto__ is one that the library takes for something else; no mutator of ours writes one.
    const json = fc
      .json({ maxDepth: 4 })
      .filter((text) => !text.includes('__proto__'))
      .map((text) => JSON.parse(text) as unknown);
    fc.assert(
      fc.property(json, json, (a, b) => {
        const [before, after] = [{ root: a }, { root: b }];
        expect(jsonpatch.apply_patch(before, jsonPatch(before, after))).toEqual(after);
      }),
      { numRuns: 500 },
    );
  });
});
