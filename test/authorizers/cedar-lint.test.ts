import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cedarv1 } from '../../src/authorizers/cedarv1.ts';
import { analyze, createCedar } from '../../src/authorizers/index.ts';

const cedar = createCedar();
const DENIES = 'an error at run time, which denies the whole request, whoever else permits it';
const NOTHING = 'spec.config.policies: No policy permits anything: every call is denied, and every list is empty.';
/** Beside the policy under test, so that advice about all policies together stays quiet. */
const OTHER = 'permit(principal, action == Action::"call_tool", resource == Tool::"weather");';

function advice(config: unknown, type = 'cedarv1'): readonly string[] {
  const { problems, advice: found } = analyze({ type, config }, cedar);
  expect(problems).toEqual([]);
  return found.map(({ path, message }) => `${path}: ${message}`);
}

describe('good practice gets no advice', () => {
  const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/config-vectors.json'), 'utf8')) as {
    name: string;
    type: string;
    rawConfig: string;
  }[];
  it.each(vectors.filter(({ name }) => /^V\d/.test(name)).map(({ name, type, rawConfig }) => [name, type, rawConfig]))(
    '%s',
    (_name, type, rawConfig) => {
      expect(advice(JSON.parse(rawConfig), type)).toEqual([]);
    },
  );

  it.each([
    ['one tool', OTHER],
    [
      'a guarded argument',
      'permit(principal, action == Action::"call_tool", resource == Tool::"transfer") when { context has arg_amount && context.arg_amount.lessThanOrEqual(decimal("100.0")) };',
    ],
    [
      'a guarded nested claim',
      'permit(principal, action, resource) when { principal has claim_address.country && principal.claim_address.country == "DE" };',
    ],
    [
      'the subject, which is always there',
      'permit(principal, action, resource) when { principal.claim_sub == "alice" || resource.name like "x*" };',
    ],
    [
      'sets and booleans',
      'permit(principal, action, resource) when { principal has claim_groups && principal.claim_groups.containsAny(["a"]) && !(principal has claim_guest && principal.claim_guest) };',
    ],
    [
      'the kind of the resource',
      'permit(principal is Client, action, resource) when { resource is Tool && resource == Tool::"x" };',
    ],
    [
      'a claim that is asked for the other way round',
      'permit(principal, action, resource) when { !(principal has claim_blocked) || !principal.claim_blocked };',
    ],
    [
      'one with a name that is no identifier',
      'permit(principal, action, resource) when { ! ( principal  has  "claim_x y" ) || principal["claim_x y"] == "a" };',
    ],
    [
      'a part of one',
      'permit(principal, action, resource) when { !(principal has claim_address.country) || principal.claim_address.country == "DE" };',
    ],
    [
      'the operation of the action, and an empty set',
      'permit(principal, action, resource) when { action.operation == "call_tool" && resource.name != "x" && [].isEmpty() };',
    ],
    [
      'an array argument',
      'permit(principal, action, resource) when { context has arg_x_present && context.arg_x_present };',
    ],
    [
      'if-then-else',
      'permit(principal, action, resource) when { if principal has claim_org then principal.claim_org == "a" else false };',
    ],
    [
      'two claims compared',
      'permit(principal, action, resource) when { principal has claim_a && context has claim_b && principal.claim_a == context.claim_b };',
    ],
  ])('%s', (_title, policy) => {
    expect(advice({ policies: [policy] })).toEqual([]);
  });
});

describe('advice about one policy', () => {
  it.each([
    [
      'permit(principal, action == Action::"tools/call", resource);',
      'Action::"tools/call" is no action of ToolHive: this part of the policy never matches and permits nothing. Did you mean Action::"call_tool"?',
    ],
    [
      'forbid(principal, action == Action::"drop", resource);',
      'Action::"drop" is no action of ToolHive: this part of the policy never matches and forbids nothing. The actions are call_tool, get_prompt, read_resource.',
    ],
    [
      'permit(principal, action in [Action::"call_tool", Action::"read_resourse"], resource);',
      'Action::"read_resourse" is no action of ToolHive: this part of the policy never matches and permits nothing. Did you mean Action::"read_resource"?',
    ],
    [
      'permit(principal, action == Foo::"call_tool", resource);',
      'An action here is not of the type Action: that part of the policy never matches. Write Action::"call_tool".',
    ],
    [
      'permit(principal, action == Action::"list_tools", resource);',
      'Action::"list_tools" is never asked: lists are filtered item by item with call_tool, get_prompt, read_resource. This part of the policy permits nothing.',
    ],
    [
      'permit(principal in THVGrup::"x", action, resource);',
      'line 1, column 21: No request has an entity of type THVGrup: the policy never matches and permits nothing. Did you mean THVGroup?',
    ],
    [
      'permit(principal in Role::"x", action, resource);',
      'line 1, column 21: No request has an entity of type Role: the policy never matches and permits nothing.',
    ],
    [
      'permit(principal, action, resource) when { principal.claim_email == "x" };',
      `line 1, column 44: "claim_email" is read without a guard: a request without this claim is ${DENIES}. Ask first: principal has claim_email && …`,
    ],
    [
      'permit(principal, action, resource) when { principal.role == "x" };',
      `line 1, column 44: The principal has no attribute "role": reading it is ${DENIES}. Claims are called claim_<name>: principal.claim_role?`,
    ],
    [
      'permit(principal, action, resource) when { context has arg_n && context.arg_n < 10 };',
      `line 1, column 65: ToolHive passes every number as a decimal, and comparing one like this is ${DENIES}. Write .lessThan(decimal("10.0")) and the like.`,
    ],
    [
      'permit(principal, action, resource) when { context has arg_n && context.arg_n == 5 };',
      'line 1, column 65: ToolHive passes every number as a decimal, so this is never equal. Compare with decimal("5.0").',
    ],
    [
      'permit(principal, action, resource) when { 1 == 2 };',
      'line 1, column 1: The policy can never match: it permits nothing.',
    ],
    [
      'permit(principal, action == Action::"call_tool", resource)\nwhen { resource.readOnlyHint };',
      `line 2, column 8: "readOnlyHint" is read without a guard: a request without it is ${DENIES}. Ask first: resource has readOnlyHint && …`,
    ],
  ])('%s', (policy, message) => {
    expect(advice({ policies: [policy, OTHER] })).toEqual([`spec.config.policies[0]: ${message}`]);
  });

  it.each<[string, string]>([
    [
      'principal has claim_address && principal.claim_address.country == "DE"',
      `line 1, column 75: "claim_address.country" is read without a guard: a request without this claim is ${DENIES}. Ask first: principal has claim_address.country && …`,
    ],
    [
      'principal["claim_x y"] == "a"',
      `line 1, column 44: "claim_x y" is read without a guard: a request without this claim is ${DENIES}. Ask first: principal has "claim_x y" && …`,
    ],
    [
      '!(principal has claim_a) || principal.claim_b == "x"',
      `line 1, column 72: "claim_b" is read without a guard: a request without this claim is ${DENIES}. Ask first: principal has claim_b && …`,
    ],
  ])('%s', (condition, message) => {
    const policy = `permit(principal, action, resource) when { ${condition} };`;
    expect(advice({ policies: [policy, OTHER] })).toEqual([`spec.config.policies[0]: ${message}`]);
  });

  it.each<[string, string]>([
    ['action == Action::"drop", resource);', `${' '.repeat(12)}^`],
    ['action == Action :: "drop", resource);', `${' '.repeat(22)}^`],
    ['action in [Action::"call_tool", A::Action::"call_tool"], resource);', `${' '.repeat(34)}^`],
    // As the text has the name in other letters, the line is all that is shown.
    ['action == Action::"a\\"b", resource);', '^'],
  ])('shows where: %s', (line, caret) => {
    const [found] = cedarv1.lint({ policies: [`permit(principal,\n  ${line}`, OTHER] }, cedar);
    expect(found).toMatchObject({ reason: 'UnknownAction' });
    expect(found?.detail).toBe(caret === '^' ? 'permit(principal,\n^' : `  ${line}\n${caret}`);
  });

  it('tells of several at one place in the same order', () => {
    const policy = 'permit(principal, action, resource) when { resource.owner == "x" };';
    expect(advice({ policies: [policy, OTHER] })).toEqual(
      ['Prompt', 'Resource', 'Tool'].map(
        (type) =>
          `spec.config.policies[0]: line 1, column 44: A ${type} has no attribute "owner": reading it is ${DENIES}.`,
      ),
    );
  });

  it('knows the type of groups, which may have blanks around it, and that of servers', () => {
    const groups = { group_entity_type: ' Team ' };
    const typo = (type: string, meant: string): string =>
      `No request has an entity of type ${type}: the policy never matches and permits nothing. Did you mean ${meant}?`;
    expect(advice({ ...groups, policies: ['permit(principal in Team::"x", action, resource);'] })).toEqual([]);
    expect(advice({ ...groups, policies: ['permit(principal in Taem::"x", action, resource);', OTHER] })).toEqual([
      `spec.config.policies[0]: line 1, column 21: ${typo('Taem', 'Team')}`,
    ]);
    expect(advice({ policies: ['permit(principal, action, resource in MPC::"x");', OTHER] })).toEqual([
      `spec.config.policies[0]: line 1, column 39: ${typo('MPC', 'MCP')}`,
    ]);
  });

  it('knows that a claim of several values is a text', () => {
    const policies = [
      'permit(principal, action, resource) when { principal has claim_scp && principal.claim_scp.contains("a") };',
      OTHER,
    ];
    expect(advice({ policies })).toEqual([]);
    expect(advice({ policies, multi_valued_claims: ['scp'] })).toEqual([
      `spec.config.policies[0]: line 1, column 71: Unexpected type: expected Set<anything> but saw String: this is ${DENIES}. Try using like to examine the contents of a string`,
    ]);
  });

  it('ends where the validator would, beyond 600 operators', () => {
    const long = (operators: number): string =>
      `permit(principal, action, resource) when { principal.claim_x == "a"${' || true'.repeat(operators - 1)} };`;
    expect(advice({ policies: [long(600), OTHER] })).toHaveLength(1);
    expect(advice({ policies: [long(601), OTHER] })).toEqual([]);
  });

  it('names the two sides of a type error', () => {
    const policy =
      'permit(principal, action, resource) when { principal has claim_role && principal.claim_role in ["a", "b"] };';
    expect(advice({ policies: [policy, OTHER] })[1]).toContain(
      `but saw Set<String>: this is ${DENIES}. Try using contains`,
    );
  });
});

describe('advice about the config as a whole', () => {
  it.each([
    ['nothing is permitted', { policies: ['forbid(principal, action, resource == Tool::"x");'] }, [NOTHING]],
    [
      'everything is permitted',
      { policies: ['permit(principal, action, resource);'] },
      [
        'spec.config.policies[0]: This permits everything, and nothing forbids: every caller may call every tool, as without authorization.',
      ],
    ],
    [
      'everything but one',
      { policies: ['permit(principal, action, resource);', 'forbid(principal, action, resource == Tool::"x");'] },
      [],
    ],
    [
      'a value of the request that may not be what it is read as',
      {
        policies: [
          'permit(principal, action, resource) when { context has arg_ip && ip(context.arg_ip).isInRange(ip("10.0.0.0/8")) };',
        ],
      },
      [
        'spec.config.policies[0]: line 1, column 66: A value of the request is read as ip, decimal, datetime or duration: ' +
          `where it is none, that is ${DENIES}.`,
      ],
    ],
    [
      'everything is forbidden',
      { policies: [OTHER, 'forbid(principal, action, resource);'] },
      ['spec.config.policies[1]: This forbids everything: every call is denied, and no other policy can change that.'],
    ],
    [
      'keys that nobody reads',
      { policies: [OTHER], groupClaimName: 'x', entitiesJson: '[]', polices: [], zzz: 1 },
      [
        'spec.config.entitiesJson: The key "entitiesJson" is not read: it has no effect at run time. Did you mean "entities_json"?',
        'spec.config.groupClaimName: The key "groupClaimName" is not read: it has no effect at run time. Did you mean "group_claim_name"?',
        'spec.config.polices: The key "polices" is not read: it has no effect at run time. Did you mean "policies"?',
        'spec.config.zzz: The key "zzz" is not read: it has no effect at run time.',
      ],
    ],
    [
      'keys that are read for the same field',
      { Policies: ['x'], policies: [OTHER] },
      [
        'spec.config.policies: Another key is read for the same field as "policies", because capitals make no difference: ' +
          'the later one counts, and the API server puts them into another order. Keep one.',
      ],
    ],
    [
      'entities that are replaced, or there twice',
      {
        policies: [OTHER],
        entities_json:
          '[{"uid":{"type":"Tool","id":"x"},"attrs":{"owner":"a"}},{"uid":{"type":"A","id":"1"}},{"uid":{"type":"A","id":"1"}},{}]',
      },
      [
        'spec.config.entities_json: [0]: Tool::"x" is replaced by the request\'s own Tool: attributes and parents given here never apply.',
        'spec.config.entities_json: [2]: A::"1" is there twice; only the last one counts.',
      ],
    ],
  ])('%s', (_title, config, expected) => {
    expect(advice(config)).toEqual(expected);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    [
      'a permit that never matches',
      ['permit(principal, action, resource) when { 1 == 2 };'],
      ['ImpossiblePolicy', 'PermitsNothing'],
    ],
    [
      'a forbid that never matches',
      ['permit(principal, action, resource);', 'forbid(principal, action, resource) when { 1 == 2 };'],
      ['ImpossiblePolicy', 'PermitsEverything'],
    ],
    [
      'a permit of a known action that never matches',
      ['permit(principal, action == Action::"call_tool", resource) when { 1 == 2 };'],
      ['ImpossiblePolicy', 'PermitsNothing'],
    ],
    [
      'an action that there is not',
      ['permit(principal, action == Action::"x", resource);'],
      ['UnknownAction', 'PermitsNothing'],
    ],
    [
      'one beside one that there is',
      ['permit(principal, action in [Action::"call_tool", Action::"x"], resource);'],
      ['UnknownAction'],
    ],
    [
      'an action of another type',
      ['permit(principal, action == A::Action::"call_tool", resource);'],
      ['UnknownAction', 'PermitsNothing'],
    ],
    [
      'one beside one of the right type',
      ['permit(principal, action in [Action::"call_tool", A::Action::"call_tool"], resource);'],
      ['UnknownAction'],
    ],
    [
      'one of another type that looks like a list',
      ['permit(principal, action == A::Action::"list_tools", resource);', OTHER],
      ['UnknownAction'],
    ],
    [
      'one of a type that the module does not take',
      ['permit(principal, action == Foo::"call_tool", resource);', OTHER],
      ['UnknownAction'],
    ],
    ['a list', ['permit(principal, action == Action::"list_tools", resource);', OTHER], ['DeadAction']],
    ['a forbid of everything', ['forbid(principal, action, resource);'], ['ForbidsEverything']],
  ])('of %s', (_what, policies, reasons) => {
    expect(cedarv1.lint({ policies }, cedar).map(({ reason }) => reason)).toEqual(reasons);
  });

  it('and of entities', () => {
    const entity = { uid: { type: 'Tool', id: 'x' } };
    const config = { policies: [OTHER], entities_json: JSON.stringify([entity, entity]) };
    expect(cedarv1.lint(config, cedar).map(({ reason }) => reason)).toEqual([
      'EntityReplaced',
      'EntityReplaced',
      'EntityTwice',
    ]);
  });

  it('says so when there is too much to look at', () => {
    const unguarded = 'permit(principal, action, resource) when { principal.claim_x };';
    const policies = Array.from({ length: 500 }, () => OTHER);
    expect(advice({ policies })).toEqual([]);
    const incomplete = cedarv1.lint({ policies: [...policies, unguarded] }, cedar);
    expect(incomplete).toEqual([
      {
        path: 'spec.config.policies',
        reason: 'AdviceIncomplete',
        message: 'Advice is given on the first 500 of 501 policies only.',
      },
    ]);
  });

  it('is cut where nobody would read on', () => {
    const keys = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key${String(index)}`, 1]));
    expect(advice({ ...keys, policies: [OTHER] })).toHaveLength(50);
  });

  it('passes over policies that cannot be read', () => {
    expect(cedarv1.lint({ policies: ['x', OTHER, ''] }, cedar)).toEqual([]);
    expect(cedarv1.lint({ policies: ['x'] }, cedar)).toEqual([]);
  });
});

it('an insecure decision point', () => {
  expect(advice({ http: { url: 'https://pdp', insecure_skip_verify: true }, claim_mapping: 'mpe' }, 'httpv1')).toEqual([
    'spec.config.http.insecure_skip_verify: insecure_skip_verify turns certificate checks off: whoever can answer for the decision point allows every call.',
  ]);
});
