/** The operator's runtime config with a config in it: what the proxy reads, and nothing else changed. */
import fc from 'fast-check';
import { parse } from 'yaml';
import { isJsonObject } from '../../src/api/json.ts';
import { PROXIES } from '../../src/api/toolhive.ts';
import { canonicalJson } from '../../src/authorizers/canonical-json.ts';
import { carriesAuthorization, runtimeConfigWith } from '../../src/injection/runtime-config.ts';
import { upstreamOfWorkload } from '../../src/injection/virtual-config.ts';
import { virtualServer } from '../support/objects.ts';

const [SERVER, , VIRTUAL] = PROXIES;

const POLICIES = [
  'permit(principal, action, resource) when { principal.claim_a == "x: # y" };',
  'forbid(principal, action, resource);',
];
const FULL = { cedar: { policies: POLICIES }, type: 'cedarv1', version: '1.0' };
const RUNTIME = canonicalJson(FULL);
const entry = (config: unknown = FULL): object => ({ type: 'authorization', parameters: { config_data: config } });
const chain = (...types: readonly string[]): readonly object[] => types.map((type) => ({ type, parameters: {} }));

function written(operator: unknown, runtimeJson = RUNTIME): unknown {
  const result = runtimeConfigWith(SERVER, typeof operator === 'string' ? operator : JSON.stringify(operator), {
    runtimeJson,
  });
  return 'text' in result ? JSON.parse(result.text) : result;
}

describe('runconfig.json', () => {
  it.each([
    [
      'gets authorization right after the parser',
      { name: 'w', middleware_configs: chain('auth', 'mcp-parser', 'telemetry') },
      {
        name: 'w',
        middleware_configs: [...chain('auth', 'mcp-parser'), entry(), ...chain('telemetry')],
        authz_config: FULL,
      },
    ],
    [
      'has an existing one replaced, wherever it stands',
      { middleware_configs: [entry({}), ...chain('mcp-parser', 'telemetry'), entry({})], authz_config: {} },
      { middleware_configs: [...chain('mcp-parser'), entry(), ...chain('telemetry')], authz_config: FULL },
    ],
    ['without middlewares leaves it to the proxy to make them', { name: 'w' }, { name: 'w', authz_config: FULL }],
    [
      'takes claims from the first upstream of an embedded auth server, as ToolHive does',
      {
        embedded_auth_server_config: { upstreams: [{ name: 'github' }, { name: 'b' }] },
        middleware_configs: chain('mcp-parser'),
      },
      {
        embedded_auth_server_config: { upstreams: [{ name: 'github' }, { name: 'b' }] },
        middleware_configs: [
          ...chain('mcp-parser'),
          entry({ ...FULL, cedar: { policies: POLICIES, primary_upstream_provider: 'github' } }),
        ],
        authz_config: FULL,
      },
    ],
  ])('%s', (_title, operator, expected) => {
    expect(written(operator)).toEqual(expected);
    const result = runtimeConfigWith(SERVER, JSON.stringify(operator), { runtimeJson: RUNTIME });
    expect('text' in result && carriesAuthorization(SERVER, result.text, { runtimeJson: RUNTIME })).toBe(true);
    expect(carriesAuthorization(SERVER, JSON.stringify(operator), { runtimeJson: RUNTIME })).toBe(false);
  });

  it('keeps numbers digit by digit', () => {
    const result = runtimeConfigWith(SERVER, '{"big":12345678901234567890,"f":1.0,"__proto__":{"x":1e400}}', {
      runtimeJson: RUNTIME,
    });
    expect(result).toEqual({
      text: `{"big":12345678901234567890,"f":1.0,"__proto__":{"x":1e400},"authz_config":${RUNTIME}}`,
    });
  });

  it.each([
    ['no JSON', '{', 'the operator\'s "runconfig.json" is no JSON object'],
    ['no object', '[]', 'the operator\'s "runconfig.json" is no JSON object'],
    [
      'a chain without a parser',
      JSON.stringify({ middleware_configs: chain('auth') }),
      'the operator\'s "runconfig.json" has middlewares but no "mcp-parser", without which authorization sees no request',
    ],
  ])('is refused where it is %s', (_title, operator, refusal) => {
    expect(written(operator)).toEqual({ refusal });
    expect(carriesAuthorization(SERVER, operator, { runtimeJson: RUNTIME })).toBe(false);
  });

  const carrying = (config: unknown, ...more: readonly object[]): object => ({
    authz_config: config,
    middleware_configs: [...chain('mcp-parser', 'telemetry'), entry(config), ...more],
  });
  it.each([
    [
      'the same in another order of keys',
      carrying({ version: '1.0', type: 'cedarv1', cedar: { policies: POLICIES } }),
      true,
    ],
    [
      'the same through Go structs',
      carrying({ ...FULL, cedar: { policies: POLICIES, entities_json: '[]', group_claim_name: '' } }),
      true,
    ],
    ['policies in another order', carrying({ ...FULL, cedar: { policies: POLICIES.toReversed() } }), false],
    [
      'one policy more',
      carrying({ ...FULL, cedar: { policies: [...POLICIES, 'permit(principal, action, resource);'] } }),
      false,
    ],
    ['a second authorization', carrying(FULL, entry({})), false],
    [
      'authorization before the parser',
      { authz_config: FULL, middleware_configs: [entry(), ...chain('mcp-parser')] },
      false,
    ],
    ['only the field that is not enforced', { authz_config: FULL, middleware_configs: chain('mcp-parser') }, false],
    ['another type', carrying({ pdp: {}, type: 'httpv1', version: '1.0' }), false],
  ])('carries it or not: %s', (_title, operator, expected) => {
    expect(carriesAuthorization(SERVER, JSON.stringify(operator), { runtimeJson: RUNTIME })).toBe(expected);
  });

  it('is, for any operator config, the same everywhere else, and carries what was put in', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const operators = fc
      .dictionary(fc.oneof(fc.string(), fc.constantFrom('a/b', '~', '~0/~1')), value)
      .chain((rest) =>
        fc.array(fc.constantFrom('auth', 'telemetry', 'authorization', 'audit')).map((types) => ({
          ...rest,
          middleware_configs: [...chain(...types), ...chain('mcp-parser', 'x')],
        })),
      )
      .filter((operator) => !('embedded_auth_server_config' in operator));
    fc.assert(
      fc.property(operators, (operator) => {
        const before = JSON.parse(JSON.stringify(operator)) as Record<string, unknown>;
        const once = written(before) as Record<string, unknown>;
        const { authz_config: authorization, middleware_configs: middlewares, ...others } = once;
        const { middleware_configs: known } = before;
        const rest = Object.fromEntries(
          Object.entries(before).filter(([key]) => key !== 'authz_config' && key !== 'middleware_configs'),
        );
        expect(others).toEqual(rest);
        expect(authorization).toEqual(FULL);
        const isOther = (each: unknown): boolean => isJsonObject(each) && each['type'] !== 'authorization';
        expect((middlewares as unknown[]).filter(isOther)).toEqual((known as unknown[]).filter(isOther));
        expect(carriesAuthorization(SERVER, JSON.stringify(once), { runtimeJson: RUNTIME })).toBe(true);
        expect(written(once)).toEqual(once);
      }),
    );
  });
});

describe('config.yaml', () => {
  const OPERATOR = `# written by the operator
name: v
groupRef: g
port: 4483
big: 12345678901234567890
incomingAuth:
  type: oidc
  oidc: {issuer: "https://idp", audience: on}
`;
  const ALL = {
    policies: POLICIES,
    entities_json: '[{"uid":{"type":"A","id":"b"}}]',
    primary_upstream_provider: 'okta',
    group_claim_name: 'groups',
    role_claim_name: 'yes',
    group_entity_type: 'Team',
  };
  const full = (cedar: object): string => canonicalJson({ ...FULL, cedar });

  it('gets every field, and keeps the rest', () => {
    const runtimeJson = full(ALL);
    const result = runtimeConfigWith(VIRTUAL, OPERATOR, { runtimeJson });
    const text = 'text' in result ? result.text : '';
    const { incomingAuth, ...rest } = parse(text, { intAsBigInt: true }) as Record<string, unknown>;
    expect(rest).toEqual({ name: 'v', groupRef: 'g', port: 4483n, big: 12345678901234567890n });
    expect(incomingAuth).toEqual({
      type: 'oidc',
      oidc: { issuer: 'https://idp', audience: 'on' },
      authz: {
        type: 'cedar',
        policies: POLICIES,
        entitiesJson: ALL.entities_json,
        primaryUpstreamProvider: 'okta',
        groupClaimName: 'groups',
        roleClaimName: 'yes',
        groupEntityType: 'Team',
      },
    });
    expect(text).toContain('roleClaimName: "yes"'); // a reader of YAML 1.1 would take it for a truth
    expect(carriesAuthorization(VIRTUAL, text, { runtimeJson })).toBe(true);
    expect(runtimeConfigWith(VIRTUAL, text, { runtimeJson })).toEqual({ text });
    expect(carriesAuthorization(VIRTUAL, OPERATOR, { runtimeJson })).toBe(false);
    expect(carriesAuthorization(VIRTUAL, text, { runtimeJson: full({ ...ALL, role_claim_name: 'no' }) })).toBe(false);
  });

  it('reads keys of the config as Go does', () => {
    const result = runtimeConfigWith(VIRTUAL, OPERATOR, {
      runtimeJson: full({ Policies: POLICIES, entities_json: null }),
    });
    expect('text' in result && parse(result.text)).toMatchObject({
      incomingAuth: { authz: { type: 'cedar', policies: POLICIES } },
    });
  });

  it('takes claims from the upstream that the workload declares, before that of the config', () => {
    const given = { runtimeJson: full(ALL), upstream: 'corporate' };
    const result = runtimeConfigWith(VIRTUAL, OPERATOR, given);
    expect('text' in result && result.text).toContain('primaryUpstreamProvider: "corporate"');
  });

  it.each([
    [{ primaryUpstreamProvider: 'b', upstreamProviders: [{ name: 'a' }] }, 'b'],
    [{ upstreamProviders: [{ name: 'a' }, { name: 'b' }] }, 'a'],
    [{ upstreamProviders: [{}] }, 'default'],
    [undefined, undefined],
  ])('knows the upstream of %j', (authServerConfig, expected) => {
    const workload = virtualServer({});
    const spec = { ...(workload['spec'] as object), authServerConfig };
    expect(upstreamOfWorkload({ ...workload, spec })).toBe(expected);
  });

  it.each([
    [
      'claims with many values',
      OPERATOR,
      full({ policies: POLICIES, multi_valued_claims: ['scp'] }),
      'a VirtualMCPServer has no place for multi_valued_claims, so policies on claimset_… would not decide as written; refer to a config without it',
    ],
    [
      'another backend',
      OPERATOR,
      canonicalJson({ pdp: {}, type: 'httpv1', version: '1.0' }),
      'a VirtualMCPServer cannot enforce a config of type "httpv1"; only cedarv1 is supported',
    ],
    [
      'an operator config without incomingAuth',
      'name: v\n',
      RUNTIME,
      'the operator\'s "config.yaml" has no incomingAuth, to which authorization belongs',
    ],
    ['what is no YAML', 'a: [', RUNTIME, 'the operator\'s "config.yaml" cannot be read'],
  ])('is refused for %s', (_title, operator, runtimeJson, refusal) => {
    expect(runtimeConfigWith(VIRTUAL, operator, { runtimeJson })).toEqual({ refusal });
    expect(carriesAuthorization(VIRTUAL, operator, { runtimeJson })).toBe(false);
  });
});
