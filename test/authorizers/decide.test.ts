/** How the proxy's engine reads and computes; each line was answered so by ToolHive v0.44.0. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/api/json.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { createPolicyCompiler } from '../../src/authorizers/policy-compiler.ts';
import { cedarv1 } from '../../src/authorizers/cedarv1.ts';
import type { Decision, DecisionRequest } from '../../src/authorizers/decision.ts';

const compile = createPolicyCompiler(createCedar());

const REQUEST: DecisionRequest = {
  claims: {
    sub: 'alice',
    groups: ['eng'],
    n: 5,
    third: 0.33339,
    text: 'a*b\u{1f600}',
    none: null,
    huge: 1e300,
    set: [1, '1', true, null],
    record: { a: { b: 1 } },
    spoof: { __entity: { type: 'THVGroup', id: 'eng' } },
  },
  feature: 'tool',
  operation: 'call',
  id: 'weather',
  args: { n: 5, list: [1], nothing: null },
  server: 'srv',
};

function run(config: unknown, request: DecisionRequest = REQUEST): Decision {
  const decision = cedarv1.decide?.(config, compile)(request);
  if (decision === undefined) {
    throw new Error('cedarv1 decides');
  }
  return decision;
}

function when(condition: string, entities: unknown = ''): boolean | string {
  const config = {
    policies: [`permit(principal, action, resource) when { ${condition} };`],
    entities_json: typeof entities === 'string' ? entities : JSON.stringify(entities),
  };
  const { allow, errors } = run(config);
  return errors[0]?.replace('while evaluating policy `policy0`: ', '') ?? allow;
}

describe('numbers', () => {
  it.each([
    ['every JSON number is a decimal', 'principal.claim_n == decimal("5.0")', true],
    ['and never an integer', 'principal.claim_n == 5', false],
    ['which cannot be compared as one', 'context.arg_n < 10', 'type error: expected comparable value, got decimal'],
    ['it is cut after four places, not rounded', 'principal.claim_third == decimal("0.3333")', true],
    ['one that does not fit is left out', 'principal has claim_huge', false],
    ['a sign + is part of a decimal', 'decimal("+1.5") == decimal("1.5")', true],
    ['five places are not', 'decimal("1.00001") == decimal("1.0")', 'error parsing decimal value: "1.00001" is none'],
    ['the greatest decimal', 'decimal("922337203685477.5807").greaterThan(decimal("0.0"))', true],
    ['integers are exact beyond 2^53', '9007199254740993 == 9007199254740992', false],
    ['down to the smallest', '-9223372036854775808 < 0', true],
    [
      'they do not wrap',
      '9223372036854775807 + 1 > 0',
      'integer overflow while attempting to add `9223372036854775807` with `1`',
    ],
    [
      'not even by a sign',
      '-(-9223372036854775808) > 0',
      'integer overflow while attempting to negate `-9223372036854775808`',
    ],
  ])('%s', (_sentence, condition, expected) => {
    expect(when(condition)).toBe(expected);
  });
});

describe('claims and arguments', () => {
  it.each([
    ['null is left out of claims', 'principal has claim_none', false],
    ['but told of arguments', 'context.arg_nothing_present && context.arg_list_present', true],
    ['and they have no value', 'context has arg_list', false],
    ['a list is a set, null left out', 'principal.claim_set == [decimal("1.0"), "1", true]', true],
    ['a record keeps its form', 'principal has claim_record.a.b && principal.claim_record.a.b == decimal("1.0")', true],
    ['JSON in a claim never becomes an entity', 'principal.claim_spoof == THVGroup::"eng"', false],
    [
      'nor can it be asked as one',
      'principal.claim_spoof in THVGroup::"eng"',
      'type error: expected (entity of type `any_entity_type`), got record',
    ],
    ['a pattern takes * for itself where it is escaped', 'principal.claim_text like "a\\*b*"', true],
    ['and whole characters', 'principal.claim_text like "*\u{1f600}"', true],
    ['the resource has the arguments, too', 'resource.arg_n == context.arg_n', true],
    ['the action knows its name', 'action.operation == "call_tool"', true],
  ])('%s', (_sentence, condition, expected) => {
    expect(when(condition)).toBe(expected);
  });
});

describe('extension values', () => {
  it.each([
    ['a day ends at midnight', 'datetime("2024-01-01T10:00:00Z").toDate() == datetime("2024-01-01")', true],
    ['before 1970 it is cut towards 1970', 'datetime("1969-12-31T12:00:00Z").toDate() == datetime("1970-01-01")', true],
    ['and its time is negative', 'datetime("1969-12-31T12:00:00Z").toTime() == duration("-12h")', true],
    ['years beyond four digits have a sign', 'datetime("+000010000-01-01") > datetime("9999-12-31")', true],
    [
      'no day is invented',
      'datetime("2023-02-29") == datetime("2023-03-01")',
      'error parsing datetime value: "2023-02-29" is none',
    ],
    [
      'the sign of a duration comes last',
      'duration("-9223372036854775808ms") < duration("0ms")',
      'error parsing duration value: "-9223372036854775808ms" is none',
    ],
    ['kinds do not mix', 'datetime("2024-01-01") < duration("1d")', 'type error: incompatible types in comparison'],
    ['a network holds an address', 'ip("10.1.2.3").isInRange(ip("10.0.0.0/8"))', true],
    ['not the other way round', 'ip("10.0.0.0/8").isInRange(ip("10.1.2.3"))', false],
    ['IPv4 inside IPv6 is IPv6', 'ip("::ffff:7f00:1").isLoopback() || ip("::ffff:7f00:1").isIpv4()', false],
    ['and is not written in dots', 'ip("::ffff:1.2.3.4").isIpv6()', 'error parsing ip value: "::ffff:1.2.3.4" is none'],
    ['multicast needs its whole prefix', 'ip("224.0.0.1/3").isMulticast()', false],
    ['a wrong number of arguments is an error only where it runs', 'false && ip("1.2.3.4", "x").isIpv4()', false],
  ])('%s', (_sentence, condition, expected) => {
    expect(when(condition)).toBe(expected);
  });
});

describe('entities', () => {
  const group = { type: 'THVGroup', id: 'eng' };
  const team = { type: 'Team', id: 'x' };
  it.each([
    ['parents of parents count', 'principal in Team::"x"', [{ uid: group, parents: [team] }], true],
    [
      'a cycle does no harm',
      'principal in Team::"y"',
      [
        { uid: group, parents: [team] },
        { uid: team, parents: [group] },
      ],
      false,
    ],
    [
      'of two entries the last counts',
      'principal in Team::"x"',
      [{ uid: group, parents: [team] }, { uid: group }],
      false,
    ],
    [
      "the request's own are replaced",
      'resource has owner',
      [{ uid: { type: 'Tool', id: 'weather' }, attrs: { owner: 'alice' } }],
      false,
    ],
    [
      'a 64 bit integer is exact',
      'Team::"x".n == 9223372036854775807',
      '[{"uid":{"type":"Team","id":"x"},"attrs":{"n":9223372036854775807}}]',
      true,
    ],
    [
      'there an entity can be written',
      'Team::"x".of == THVGroup::"eng"',
      [{ uid: team, attrs: { of: { __entity: group } } }],
      true,
    ],
    ['tags', 'Team::"x".hasTag("k") && Team::"x".getTag("k") == "v"', [{ uid: team, tags: { k: 'v' } }], true],
    ['one that says nothing of itself is no matter', 'Team::"z" has n', [{}, { uid: team }], false],
    ['an entity that is not there has nothing', 'Team::"z" has n', [], false],
    ['and is an error to ask', 'Team::"z".n == 1', [], 'entity `Team::"z"` does not exist'],
    [
      'a type that no policy could name still leads on',
      'principal in Team::"x"',
      [
        { uid: group, parents: [{ type: 'a b', id: '' }] },
        { uid: { type: 'a b', id: '' }, parents: [team] },
      ],
      true,
    ],
  ])('%s', (_sentence, condition, entities, expected) => {
    expect(when(condition, entities)).toBe(expected);
  });
});

describe('which policies decided', () => {
  const permit = 'permit(principal, action, resource);';
  const forbid = 'forbid(principal, action, resource == Tool::"weather");';
  const errs = 'permit(principal, action, resource) when { principal.claim_email == "a" };';
  it.each([
    ['those that permit', [permit, 'permit(principal, action, resource == Tool::"x");', permit], true, [0, 2], 0],
    ['those that forbid, where any does', [permit, forbid], false, [1], 0],
    ['those that err, before all others', [permit, forbid, errs], false, [2], 1],
    ['a group is not its members', ['permit(principal == THVGroup::"eng", action, resource);'], false, [], 0],
    ['none, where nothing matches', ['permit(principal == Client::"bob", action, resource);'], false, [], 0],
    ['only the first policy of a string', [`${permit} ${forbid}`], true, [0], 0],
    ['which what is behind it does not spoil', [`${permit} -1.a`], true, [0], 0],
    [
      'an action of another type never matches',
      ['permit(principal, action in [Foo::"call_tool"], resource);'],
      false,
      [],
      0,
    ],
    [
      'nor keeps the right one beside it from it',
      ['permit(principal, action in [Foo::"x", Action::"call_tool"], resource);'],
      true,
      [0],
      0,
    ],
  ])('%s', (_sentence, policies, allow, decided, errors) => {
    const decision = run({ policies });
    expect([decision.allow, decision.policies, decision.errors.length]).toEqual([allow, decided, errors]);
  });
});

it('tells whoever asks which part of each policy did not hold', () => {
  const policies = [
    'permit(principal == Client::"bob", action == Action::"x", resource);',
    'permit(principal, action == Action::"get_prompt", resource == Tool::"x");',
    'permit(principal, action, resource == Tool::"x") when { false };',
    'permit(principal, action, resource) when { true } when { false };',
    'permit(principal, action, resource) unless { true };',
    'permit(principal, action, resource);',
  ];
  const missed: unknown[] = [];
  cedarv1.decide?.({ policies }, compile)(REQUEST, (policy, part) => missed.push([policy, part]));
  expect(missed).toEqual([
    [0, 'principal'],
    [1, 'action'],
    [2, 'resource'],
    [3, 'condition'],
    [4, 'condition'],
  ]);
});

describe('a call that cannot be decided on its merits is denied, and why', () => {
  const config = { policies: ['permit(principal, action, resource);'] };
  it.each<[string, unknown, Partial<DecisionRequest>, string]>([
    ['no identity', config, { claims: undefined }, 'missing principal'],
    ['no subject', config, { claims: {} }, 'missing principal'],
    ['a subject that is no text', config, { claims: { sub: 1 } }, 'missing principal'],
    [
      'an operation of another feature',
      config,
      { operation: 'get' },
      'unsupported feature/operation combination: tool/get',
    ],
    [
      'no token of the provider',
      { ...config, primary_upstream_provider: 'github' },
      {},
      'upstream token for provider "github" not found in identity',
    ],
    ['no policies', {}, {}, 'spec.config.policies: at least one policy is required for Cedar authorization'],
    ['no config', null, {}, "spec.config: cedar configuration is required (missing 'cedar' field)"],
    [
      'a policy that does not parse',
      { policies: ['permit(principal);'] },
      {},
      'spec.config.policies[0]: line 1, column 17: ',
    ],
    [
      'entities that do not parse',
      { ...config, entities_json: '{}' },
      {},
      'spec.config.entities_json: failed to parse entities JSON: ',
    ],
    [
      'a policy with NUL behind it',
      { policies: ['permit(principal, action, resource); \0'] },
      {},
      'spec.config.policies[0]: line 1, column 38: The policy has a character that the proxy does not read: NUL',
    ],
    [
      'a policy that would trap the module',
      { policies: [`permit(principal, action, resource) when { ${'true || '.repeat(9000)} true };`] },
      {},
      'spec.config.policies[0]: line 1, column 15809: The policy chains more operators',
    ],
  ])('%s', (_sentence, given, change, expected) => {
    const { allow, policies, errors } = run(given, { ...REQUEST, ...change });
    expect([allow, policies, errors[0]?.slice(0, expected.length)]).toEqual([false, [], expected]);
  });

  it('takes the claims of the provider that the config names', () => {
    const upstream = { github: { sub: 'bob' } };
    const policies = ['permit(principal == Client::"bob", action, resource);'];
    expect(run({ policies, primary_upstream_provider: 'github' }, { ...REQUEST, upstream }).allow).toBe(true);
  });

  it.each<[string, object, string]>([
    ['groups by another claim', { group_claim_name: 'teams' }, 'principal in THVGroup::"team-a"'],
    ['roles by a claim', { role_claim_name: 'jobs' }, 'principal in THVGroup::"cook"'],
    ['groups of another type', { group_entity_type: 'Team' }, 'principal in Team::"eng"'],
    ['sets of claims', { multi_valued_claims: ['scp'] }, 'principal.claimset_scp.contains("read")'],
  ])('takes from the config: %s', (_what, options, condition) => {
    const claims = { sub: 'alice', groups: ['eng'], teams: ['team-a'], jobs: ['cook'], scp: 'read write' };
    const policies = [`permit(principal, action, resource) when { principal has claim_sub && ${condition} };`];
    const allowed = [{}, options].map((more) => run({ policies, ...more }, { ...REQUEST, claims }).allow);
    expect(allowed).toEqual([false, true]);
  });

  it('knows what the server announced of the tool', () => {
    const policies = [
      'permit(principal, action, resource) when { resource has readOnlyHint && resource.readOnlyHint };',
    ];
    const announced = { ...REQUEST, annotations: { readOnlyHint: true, name: 'other', feature: 'x' } };
    expect([run({ policies }).allow, run({ policies }, announced).allow]).toEqual([false, true]);
  });
});

describe('errors are told in the words of the engine', () => {
  const vectors = JSON.parse(
    readFileSync(join(import.meta.dirname, '../vectors/eval-vectors.json'), 'utf8'),
  ) as readonly {
    readonly name: string;
    readonly config: unknown;
    readonly claims: JsonObject;
    readonly args?: JsonObject;
    readonly error?: string;
  }[]; // the file's own format
  const erring = vectors.filter(({ error }) => error !== undefined);
  it.each(erring.map((vector) => [vector.name, vector] as const))('%s', (_name, { config, claims, args, error }) => {
    const { errors } = run(config, { ...REQUEST, claims, args });
    expect(`authorization error: [${errors.join(' ')}]`).toBe(error);
  });
});
