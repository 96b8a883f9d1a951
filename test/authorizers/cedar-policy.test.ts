/** Policies as they are run, and what becomes of a config whose policies cannot be. */
import { createCedar, type Cedar } from '../../src/authorizers/cedar.ts';
import { compilePolicy } from '../../src/authorizers/cedar-policy.ts';
import { createDecider } from '../../src/authorizers/decider.ts';
import { CALL } from '../support/calls.ts';

const cedar = createCedar();
const PERMIT = 'permit(principal, action, resource);';

function errors(policies: readonly string[], module: Cedar, config: object = {}): readonly string[] {
  const decide = createDecider(module)({ type: 'cedarv1', config: { policies, ...config } });
  return typeof decide === 'function' ? decide(CALL).errors : [decide.undecidable];
}

describe('a decision where the module', () => {
  const failing = (error: Error): Cedar => ({
    ...cedar,
    toJson: () => {
      throw error;
    },
  });

  it('finds no end of a policy', () => {
    expect(errors([PERMIT], failing(new RangeError('Maximum call stack size exceeded')))).toEqual([
      'spec.config.policies[0]: it nests too deep for this evaluation; the proxy may take it',
    ]);
  });

  it('traps, is that of whoever looks after the module', () => {
    expect(() => errors([PERMIT], failing(new Error('unreachable')))).toThrow('unreachable');
  });

  it('reads nothing, is denied', () => {
    expect(errors([PERMIT], { ...cedar, toJson: () => undefined })).toEqual([
      'spec.config.policies[0]: The policy cannot be read.',
    ]);
  });

  it('reads something new, is denied', () => {
    expect(errors([PERMIT], { ...cedar, toJson: () => ({ effect: 'permit', principal: { op: 'like' } }) })).toEqual([
      'spec.config.policies[0]: the scope is none of the language',
    ]);
  });

  it('was not needed, because the policies are none', () => {
    expect(errors([''], cedar)).toEqual([
      'spec.config.policies[0]: The policy is empty, or its action is not understood.',
    ]);
    expect(errors([PERMIT], cedar, { group_entity_type: 'in' })[0]).toMatch(/^spec\.config\.group_entity_type: /);
    expect(errors([PERMIT], cedar, { multi_valued_claims: 1 })[0]).toMatch(/^spec\.config\.multi_valued_claims: /);
  });
});

describe('an integer', () => {
  const run = (text: string): readonly string[] =>
    errors([`permit(principal, action, resource) when { ${text} };`], cedar);
  it.each([
    ['9007199254740991 == 9007199254740991', []],
    ['9007199254740993 - 9007199254740992 == 1', []],
    ['1234567890123456789 == 1234567890123456789', []],
    ['-9223372036854775808 < 9223372036854775807', []],
    ['"9007199254740993" == "9007199254740993" // 9007199254740993', []],
    ['a9007199254740993 == 1', [expect.stringContaining('a9007199254740993') as string]],
    ['9223372036854775808 == 1', [expect.stringContaining('9223372036854775808') as string]],
  ])('%s', (text, expected) => {
    expect(run(`${text}\n`)).toEqual(expected);
  });
});

describe('a scope', () => {
  const trees = (scope: object): object => ({
    effect: 'permit',
    principal: { op: 'All' },
    action: { op: 'All' },
    resource: { op: 'All' },
    conditions: [],
    ...scope,
  });
  const allows = (scope: object): boolean => {
    const decide = createDecider({ ...cedar, toJson: () => trees(scope) })({
      type: 'cedarv1',
      config: { policies: [PERMIT] },
    });
    return typeof decide === 'function' && decide(CALL).allow;
  };
  const alice = { type: 'Client', id: 'alice' };
  it.each<[string, object, boolean]>([
    ['that is open', {}, true],
    ['of one entity', { principal: { op: '==', entity: alice } }, true],
    ['of another', { principal: { op: '==', entity: { type: 'Client', id: 'bob' } } }, false],
    ['of none', { principal: { op: '==' } }, false],
    ['of half an entity', { principal: { op: '==', entity: { type: 'Client' } } }, false],
    ['of several', { principal: { op: 'in', entities: [{ type: 'x' }, alice] } }, true],
    ['of no several', { principal: { op: 'in' } }, false],
    ['of a type', { principal: { op: 'is', entity_type: 'Client' } }, true],
    ['of another type', { principal: { op: 'is', entity_type: 'Tool' } }, false],
    [
      'of a type in a group',
      { resource: { op: 'is', entity_type: 'Tool', in: { entity: { type: 'MCP', id: 'srv' } } } },
      true,
    ],
    [
      'of a type in another',
      { resource: { op: 'is', entity_type: 'Tool', in: { entity: { type: 'MCP', id: 'x' } } } },
      false,
    ],
  ])('%s', (_what, scope, expected) => {
    expect(allows(scope)).toBe(expected);
  });

  it('is told by what it is of', () => {
    const policy = compilePolicy('forbid(principal, action == Action::"x", resource) unless { false };', cedar);
    expect(policy?.effect).toBe('forbid');
    expect(compilePolicy('permit(', cedar)).toBeUndefined();
  });
});
