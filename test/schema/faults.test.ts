/** Against the words of Kubernetes' documentation on structural schemas, defaulting, pruning and validation rules. */
import { schemaFaults } from '../../src/schema/faults.ts';
import { storedForm } from '../../src/schema/stored-form.ts';
import type { StructuralSchema } from '../../src/schema/structural-schema.ts';

function faults(schema: StructuralSchema, value: unknown): readonly string[] {
  return schemaFaults(schema, value, 'x').map(({ path, message }) => `${path}: ${message}`);
}

describe('a value', () => {
  it.each<[StructuralSchema, unknown, readonly string[]]>([
    [{ type: 'string' }, 'a', []],
    [{ type: 'string' }, 1, ['x: Expected a string, not an integer.']],
    [{ type: 'integer' }, 1.5, ['x: Expected an integer, not a number.']],
    [{ type: 'number' }, 1, []],
    [{ type: 'boolean' }, 'yes', ['x: Expected a boolean, not a string.']],
    [{ type: 'array' }, {}, ['x: Expected an array, not an object.']],
    [{ type: 'string' }, null, ['x: Expected a string, not null.']],
    [{ type: 'string', nullable: true }, null, []],
    [{ 'x-kubernetes-int-or-string': true }, 'a', []],
    [{ 'x-kubernetes-int-or-string': true }, true, ['x: Expected an integer or a string, not boolean.']],
    [{ enum: ['a', 1] }, 1, []],
    [{ enum: ['a', 1] }, 'b', ['x: "b" is not supported; supported are "a", 1.']],
    [{ maxLength: 1 }, '😀', []],
    [{ maxLength: 1 }, 'ab', ['x: The text is too long: it may have at most 1 characters.']],
    [{ pattern: '^a+$' }, 'aa', []],
    [{ pattern: '^(a+)+$' }, `${'a'.repeat(40)}b`, [`x: "${'a'.repeat(40)}b" does not match ^(a+)+$.`]],
    [{ minItems: 2 }, [1], ['x: The list must have at least 2 items.']],
    [{ maxItems: 1 }, [1, 2], ['x: The list may have at most 1 items.']],
    [{ minimum: 1 }, 0, ['x: 0 is too small: it must be at least 1.']],
    [{ maximum: 1 }, 2, ['x: 2 is too large: it may be at most 1.']],
    [{ items: { type: 'string' } }, ['a', 1], ['x[1]: Expected a string, not an integer.']],
    [{ additionalProperties: { type: 'string' } }, { a: 'b', c: 1 }, ['x.c: Expected a string, not an integer.']],
    [{ required: ['toString'] }, {}, ['x.toString: The field "toString" is required.']],
  ])('%j takes %j: %j', (schema, value, expected) => {
    expect(faults(schema, value)).toEqual(expected);
  });
});

describe('a CEL rule', () => {
  const rule = (text: string, message?: string): StructuralSchema => ({
    'x-kubernetes-validations': [{ rule: text, ...(message === undefined ? {} : { message }) }],
  });

  it.each<[string, unknown, readonly string[]]>([
    ['has(self.a)', { a: 1 }, []],
    ['has(self.a)', {}, ['x: failed rule: has(self.a)']],
    ['self.size() < 3', [1, 2, 3], ['x: failed rule: self.size() < 3']],
    ['self > 2', 1, ['x: failed rule: self > 2']],
  ])('%s on %j: %j', (text, value, expected) => {
    expect(faults(rule(text), value)).toEqual(expected);
  });

  it('says its own message', () => {
    expect(faults(rule('false', 'never'), {})).toEqual(['x: never']);
  });

  it('about a transition, or with what is not known here, is left to the API server', () => {
    expect(faults(rule('self == oldSelf'), 1)).toEqual([]);
    expect(faults(rule('cidr(self).unknown()'), 'a')).toEqual([]);
  });
});

describe('what is stored', () => {
  const schema: StructuralSchema = {
    properties: {
      a: { default: 1 },
      b: { properties: { c: { default: 'd' } } },
      n: { nullable: true, default: 2 },
      open: { 'x-kubernetes-preserve-unknown-fields': true, properties: { e: { default: 3 } } },
      map: { additionalProperties: { properties: { f: { default: 4 } } } },
      list: { items: { properties: { g: { default: 5 } } } },
    },
  };

  it('has defaults, where the field is absent or a null that may not be', () => {
    expect(storedForm(schema, {}).value).toEqual({ a: 1, n: 2 });
    expect(storedForm(schema, { a: null, n: null, b: {} }).value).toEqual({ a: 1, b: { c: 'd' }, n: null });
    expect(storedForm(schema, { map: { k: {} }, list: [{}] }).value).toEqual({
      a: 1,
      n: 2,
      map: { k: { f: 4 } },
      list: [{ g: 5 }],
    });
  });

  it('lacks what is not known, unless the place is open', () => {
    const { value, unknown } = storedForm(schema, { z: 1, open: { y: 1 }, list: [{ x: 1 }], constructor: 1 });
    expect(value).toEqual({ a: 1, n: 2, open: { y: 1, e: 3 }, list: [{ g: 5 }] });
    expect(unknown.map(({ path }) => path)).toEqual(['z', 'list[0].x', 'constructor']);
  });
});
