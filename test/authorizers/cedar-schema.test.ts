/** The schema that policies are validated under: what they mention, with the type that their use asks for. */
import { mentionedAttributes, type AttributeType } from '../../src/authorizers/attribute-types.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { cedarSchema, isArgument, isClaim } from '../../src/authorizers/cedar-schema.ts';
import { EMPTY_RECORD } from '../../src/authorizers/cedar-value.ts';
import type { StaticEntity } from '../../src/authorizers/entities.ts';
import { policyTree } from '../../src/authorizers/policy-tree.ts';

const cedar = createCedar();

function conditions(...texts: readonly string[]): readonly unknown[] {
  return texts.flatMap((text) => {
    const tree = policyTree(cedar.toJson(`permit(principal, action, resource) when { ${text} };`));
    expect(tree).toBeDefined();
    return tree?.conditions ?? [];
  });
}

function shown(type: AttributeType | undefined): unknown {
  return typeof type === 'object'
    ? Object.fromEntries([...type.fields].map(([name, field]) => [name, shown(field)]))
    : (type ?? 'unsaid');
}

/** What is known of `context.x` where policies have these conditions. */
function typeOfX(...texts: readonly string[]): unknown {
  const context = mentionedAttributes(conditions(...texts)).get('context');
  expect(context?.has('x')).toBe(true);
  return shown(context?.get('x'));
}

describe('the type that a use asks for', () => {
  it.each<[string, unknown]>([
    ['context.x', 'Bool'],
    ['!context.x', 'Bool'],
    ['-context.x == 1', 'decimal'],
    ['true && context.x', 'Bool'],
    ['context.x || true', 'Bool'],
    ['context.x == "a"', 'String'],
    ['"a" == context.x', 'String'],
    ['context.x != true', 'Bool'],
    ['context.x == 1', 'decimal'],
    ['context.x == decimal("1.0")', 'decimal'],
    ['context.x == ["a"]', 'Set<String>'],
    ['context.x == [1]', 'Set<decimal>'],
    ['context.x == [decimal("1.0")]', 'Set<decimal>'],
    ['context.x == [true]', 'Set<String>'],
    ['context.x == [[]]', 'Set<String>'],
    ['context.x == Tool::"a"', 'unsaid'],
    ['context.x == context.y', 'unsaid'],
    ['context.x < 1', 'decimal'],
    ['1 >= context.x', 'decimal'],
    ['context.x + 1 == 2', 'decimal'],
    ['2 - context.x == 2', 'decimal'],
    ['context.x * 2 <= 2', 'decimal'],
    ['2 > context.x', 'decimal'],
    ['context.x.contains("a")', 'Set<String>'],
    ['context.x.contains(1)', 'Set<decimal>'],
    ['["a"].contains(context.x)', 'String'],
    ['context.x.containsAll(["a"])', 'Set<String>'],
    ['["a"].containsAny(context.x)', 'Set<String>'],
    ['context.x.isEmpty()', 'Set<String>'],
    ['context.x like "a*"', 'String'],
    ['context has x', 'unsaid'],
    ['context has x.y', { y: 'unsaid' }],
    ['context.x has y', { y: 'unsaid' }],
    ['if context.x then true else false', 'Bool'],
    ['if true then context.x else false', 'Bool'],
    ['if true then true else context.x', 'Bool'],
    ['context.x.lessThan(decimal("1.0"))', 'decimal'],
    ['decimal("1.0").greaterThanOrEqual(context.x)', 'decimal'],
    ['ip(context.x).isLoopback()', 'String'],
    ['context.x in Tool::"a"', 'String'],
    ['[context.x, "a"].contains("b")', 'String'],
    ['context.x.y', { y: 'Bool' }],
    ['context.x.y == 1', { y: 'decimal' }],
    ['context.x.hasTag("a")', 'String'],
    ['principal.hasTag(context.x)', 'String'],
    ['context.x == action.operation', 'unsaid'],
  ])('%s', (text, expected) => {
    expect(typeOfX(text)).toEqual(expected);
  });

  it('is that of the first use that says one', () => {
    expect(typeOfX('context has x', 'context.x == 1', 'context.x == "a"')).toBe('decimal');
    expect(typeOfX('context.x.a == 1', 'context.x.b')).toEqual({ a: 'decimal', b: 'Bool' });
    expect(typeOfX('context.x == 1', 'context.x.b')).toEqual({ b: 'Bool' });
    expect(typeOfX('context.x.b', 'context.x == 1')).toEqual({ b: 'Bool' });
  });

  it('of an attribute is passed on to what it is compared with', () => {
    const mentioned = mentionedAttributes(conditions('principal.y == 1', 'context.x == principal.y'));
    expect(mentioned.get('context')?.get('x')).toBe('decimal');
    const deeper = mentionedAttributes(conditions('principal.y.z == 1', 'context.x == principal.y.z'));
    expect(deeper.get('context')?.get('x')).toBeUndefined();
  });

  it('is noted to a depth of fifteen', () => {
    let type = typeOfX(`context.x${'.a'.repeat(40)}`);
    let depth = 1;
    while (typeof type === 'object' && type !== null) {
      [type] = Object.values(type) as unknown[];
      depth += 1;
    }
    expect([depth, type]).toEqual([15, 'Bool']);
  });

  it.each([[undefined], [1], [{}], [{ Var: 1 }], [{ '.': { left: { Var: 'me' }, attr: 'x' } }], [{ has: {} }]])(
    'of %j is none',
    (tree) => {
      const mentioned = mentionedAttributes([tree]);
      expect([...mentioned].map(([name, attributes]) => [name, attributes.size])).toEqual([
        ['principal', 0],
        ['resource', 0],
        ['context', 0],
      ]);
    },
  );
});

function entity(type: string, ...parents: readonly string[]): StaticEntity {
  return {
    uid: { type, id: '1' },
    parents: parents.map((parent) => ({ type: parent, id: '2' })),
    attributes: EMPTY_RECORD,
    tags: EMPTY_RECORD,
  };
}

const EMPTY = { groupType: 'THVGroup', entities: [], mentioned: mentionedAttributes([]), multiValuedClaims: [] };

describe('the schema', () => {
  it('of policies that mention nothing', () => {
    expect(cedarSchema(EMPTY)).toBe(
      [
        'entity THVGroup;',
        'entity MCP;',
        'entity Client in [THVGroup] = { "claim_sub": String };',
        'entity Tool in [MCP] = { "name": String, "operation": String, "feature": String, "readOnlyHint"?: Bool, ' +
          '"destructiveHint"?: Bool, "idempotentHint"?: Bool, "openWorldHint"?: Bool };',
        'entity Prompt in [MCP] = { "name": String, "operation": String, "feature": String };',
        'entity Resource in [MCP] = { "name": String, "uri": String, "operation": String, "feature": String };',
        'action call_tool appliesTo { principal: Client, resource: Tool, context: { "claim_sub": String } };',
        'action get_prompt appliesTo { principal: Client, resource: Prompt, context: { "claim_sub": String } };',
        'action read_resource appliesTo { principal: Client, resource: Resource, context: { "claim_sub": String } };',
      ].join('\n'),
    );
  });

  it('declares claims and arguments as they are used, and nothing else', () => {
    const mentioned = mentionedAttributes(
      conditions(
        'principal.claim_a == 1 && principal.claim_sub == "x" && principal.other && principal.arg_n',
        'context.claim_scp && context.claimset_scp && context.arg_x_present == "a" && context.arg_y && context.z',
        'resource.arg_n == 1 && resource.claim_b && context.claim_deep.inner.there && context has claim_b',
        'context.claim_deep.flat == "x" && context.claim_x_present == 1',
      ),
    );
    const lines = cedarSchema({ ...EMPTY, mentioned, multiValuedClaims: ['other', 'scp'] }).split('\n');
    expect(lines[2]).toBe('entity Client in [THVGroup] = { "claim_sub": String, "claim_a"?: decimal };');
    expect(lines[4]).toBe(
      'entity Prompt in [MCP] = { "name": String, "operation": String, "feature": String, "arg_n"?: decimal };',
    );
    expect(lines[7]).toBe(
      'action get_prompt appliesTo { principal: Client, resource: Prompt, context: { "claim_sub": String, ' +
        '"claim_scp"?: String, "claimset_scp"?: Set<String>, "arg_x_present"?: Bool, "arg_y"?: Bool, ' +
        '"claim_deep"?: { "inner"?: { "there"?: Bool }, "flat"?: String }, "claim_b"?: String, ' +
        '"claim_x_present"?: decimal } };',
    );
  });

  it('declares the types of entities, each once, but none that it could not say', () => {
    const entities = [
      entity('Team', 'Org'),
      entity('Org', 'Team'),
      entity('Tool', 'THVGroup'),
      entity('MCP', 'MCP'),
      entity('Alone'),
      entity('A::B', 'a b', '1x'),
      { ...entity('x', 'Unit'), uid: undefined },
    ];
    const lines = cedarSchema({ ...EMPTY, entities }).split('\n');
    expect(lines.slice(0, 8)).toEqual([
      'entity Alone in [Alone, Org, Team, Unit, THVGroup];',
      'entity Org in [Alone, Org, Team, Unit, THVGroup];',
      'entity Team in [Alone, Org, Team, Unit, THVGroup];',
      'entity Unit in [Alone, Org, Team, Unit, THVGroup];',
      'entity THVGroup in [Alone, Org, Team, Unit];',
      'entity MCP in [Alone, Org, Team, Unit];',
      'entity Client in [THVGroup, Alone, Org, Team, Unit] = { "claim_sub": String };',
      'entity Tool in [MCP, Alone, Org, Team, Unit] = { "name": String, "operation": String, "feature": String, "readOnlyHint"?: ' +
        'Bool, "destructiveHint"?: Bool, "idempotentHint"?: Bool, "openWorldHint"?: Bool };',
    ]);
  });

  it('is one that the validator takes', () => {
    const mentioned = mentionedAttributes(conditions('context.claim_deep.inner.there && principal.claim_a == [1]'));
    const schema = cedarSchema({ ...EMPTY, mentioned, entities: [entity('Team', 'Org')] });
    expect(cedar.validate(schema, ['permit(principal, action, resource);'])).toEqual([]);
    expect(cedar.validate('no schema', [])).toBeUndefined();
  });

  it('knows claims and arguments by their names', () => {
    expect(['claim_a', 'claimset_a', 'arg_a', 'claim', 'a'].map(isClaim)).toEqual([true, true, false, false, false]);
    expect(['claim_a', 'arg_a', 'arg'].map(isArgument)).toEqual([false, true, false]);
  });
});
