/** What the engine is handed for one call: who, what, of which, and everything that is known about them. */
import { requestModel, type RequestOptions } from '../../src/authorizers/cedar-request.ts';
import { decimalOfNumber, entityKey, keyOf, type CedarValue } from '../../src/authorizers/cedar-value.ts';
import type { DecisionRequest } from '../../src/authorizers/decision.ts';
import { CALL } from '../support/calls.ts';

const OPTIONS: RequestOptions = {
  primaryUpstreamProvider: '',
  groupClaimName: '',
  roleClaimName: '',
  groupEntityType: 'THVGroup',
  multiValuedClaims: [],
};

type Fields = Readonly<Record<string, string>>;

interface Shown {
  readonly who: string;
  readonly principal: Fields;
  readonly groups: readonly string[];
  readonly action: string;
  readonly resource: string;
  readonly attributes: Fields;
  readonly parents: readonly string[];
  readonly context: Fields;
}

function fieldsOf(fields: ReadonlyMap<string, CedarValue> | undefined): Fields {
  return Object.fromEntries([...(fields ?? [])].map(([name, value]) => [name, keyOf(value)]));
}

function show(change: Partial<DecisionRequest> = {}, options: Partial<RequestOptions> = {}): Shown {
  const model = requestModel({ ...CALL, ...change }, { ...OPTIONS, ...options });
  if ('fault' in model) {
    throw new Error(model.fault);
  }
  const { principal, action, resource, entities } = model;
  const [who, what, which] = [principal, action, resource].map(({ type, id }) => entities.get(entityKey(type, id)));
  expect(entities.size).toBe(3);
  expect(fieldsOf(what?.attributes.fields)).toEqual({ operation: `s${action.id}` });
  expect([who, what, which].map((entity) => entity?.tags.fields.size)).toEqual([0, 0, 0]);
  expect(what?.parents).toEqual([]);
  return {
    who: `${principal.type}::${principal.id}`,
    principal: fieldsOf(who?.attributes.fields),
    groups: (who?.parents ?? []).map(({ type, id }) => `${type}::${id}`),
    action: `${action.type}::${action.id}`,
    resource: `${resource.type}::${resource.id}`,
    attributes: fieldsOf(which?.attributes.fields),
    parents: (which?.parents ?? []).map(({ type, id }) => `${type}::${id}`),
    context: fieldsOf(model.context.fields),
  };
}

it.each<[Partial<DecisionRequest>, string, string, Fields]>([
  [{}, 'Action::call_tool', 'Tool::weather', { name: 'sweather', operation: 'scall', feature: 'stool' }],
  [
    { feature: 'prompt', operation: 'get', id: 'greet' },
    'Action::get_prompt',
    'Prompt::greet',
    { name: 'sgreet', operation: 'sget', feature: 'sprompt' },
  ],
  [
    { feature: 'resource', operation: 'read', id: 'file:///a' },
    'Action::read_resource',
    'Resource::file:///a',
    { name: 'sfile:///a', uri: 'sfile:///a', operation: 'sread', feature: 'sresource' },
  ],
  [
    { feature: 'tool', operation: 'list' },
    'Action::list_tools',
    'FeatureType::tool',
    { name: 'stool', type: 'stool', operation: 'slist', feature: 'stool' },
  ],
])('%j', (change, action, resource, attributes) => {
  const shown = show(change);
  expect([shown.action, shown.resource, shown.attributes]).toEqual([action, resource, attributes]);
  expect([shown.who, shown.parents]).toEqual(['Client::alice', ['MCP::srv']]);
});

it.each([
  ['tool', 'get'],
  ['prompt', 'call'],
  ['resource', 'call'],
  ['', ''],
])('%s/%s is no call', (feature, operation) => {
  expect(requestModel({ ...CALL, feature, operation }, OPTIONS)).toEqual({
    fault: `unsupported feature/operation combination: ${feature}/${operation}`,
  });
});

it('a resource of no server has no parent', () => {
  expect(show({ server: '' }).parents).toEqual([]);
});

describe('hints and arguments', () => {
  const annotations = {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: 'x',
    openWorldHint: true,
    title: 1,
  };

  it('of a tool are attributes of it, and never its name', () => {
    expect(show({ annotations, args: { n: 1, city: 'Bern' } }).attributes).toEqual({
      readOnlyHint: 'true',
      destructiveHint: 'false',
      openWorldHint: 'true',
      arg_n: 'decimal10000',
      arg_city: 'sBern',
      name: 'sweather',
      operation: 'scall',
      feature: 'stool',
    });
  });

  it('of others are only arguments', () => {
    expect(show({ annotations, feature: 'prompt', operation: 'get', args: { a: true } }).attributes).toEqual({
      name: 'sweather',
      operation: 'sget',
      feature: 'sprompt',
      arg_a: 'true',
    });
  });

  it('are in the context as scalars, or as that they are there', () => {
    expect(show({ args: { a: null, b: [], c: {}, d: 'x', e: false } }).context).toEqual({
      claim_sub: 'salice',
      arg_a_present: 'true',
      arg_b_present: 'true',
      arg_c_present: 'true',
      arg_d: 'sx',
      arg_e: 'false',
    });
  });
});

describe('claims', () => {
  it('are attributes of the principal and of the context', () => {
    const claims = {
      sub: 'alice',
      n: 1.5,
      on: true,
      none: null,
      list: ['a', null, 1],
      record: { a: { b: 'c' }, d: null },
    };
    const expected = {
      claim_sub: 'salice',
      claim_n: 'decimal15000',
      claim_on: 'true',
      claim_list: 'set12:decimal100002:sa',
      claim_record: keyOf({
        kind: 'record',
        fields: new Map([['a', { kind: 'record', fields: new Map([['b', 'c']]) }]]),
      }),
    };
    expect(show({ claims }).principal).toEqual(expected);
    expect(show({ claims }).context).toEqual(expected);
  });

  it('nest ten deep', () => {
    let claim: unknown = 'x';
    for (let i = 0; i < 12; i += 1) {
      claim = { in: claim };
    }
    const key = show({ claims: { sub: 'alice', deep: claim } }).principal['claim_deep'] ?? '';
    expect(key.match(/in/g)).toHaveLength(10);
    const lists = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;
    const [ten, eleven, twelve] = [10, 11, 12].map(
      (levels) => show({ claims: { sub: 'alice', deep: lists(levels) } }).principal['claim_deep'],
    );
    expect([ten === eleven, eleven === twelve]).toEqual([false, true]);
  });

  it('of several values are joined, and a set', () => {
    const options = { multiValuedClaims: ['scp', 'text', 'number', 'none'] };
    const claims = { sub: 'alice', scp: ['a', 1, 'b'], text: ' a\u00a0b\tb ', number: 1 };
    expect(show({ claims }, options).principal).toEqual({
      claim_sub: 'salice',
      claim_scp: 'sa b',
      claim_text: 's a\u00a0b\tb ',
      claim_number: 'decimal10000',
      claimset_scp: 'set2:sa2:sb',
      claimset_text: 'set2:sa2:sb',
    });
  });

  it('of the provider that is named are those that count', () => {
    const upstream = { github: { sub: 'bob' }, other: 1 };
    const shown = show({ upstream }, { primaryUpstreamProvider: 'github' });
    expect([shown.who, shown.principal]).toEqual(['Client::bob', { claim_sub: 'sbob' }]);
    for (const provider of ['other', 'none']) {
      expect(requestModel({ ...CALL, upstream }, { ...OPTIONS, primaryUpstreamProvider: provider })).toEqual({
        fault: `upstream token for provider "${provider}" not found in identity`,
      });
    }
  });

  it('of a provider are nothing without those of the caller', () => {
    const change = { claims: undefined, upstream: { github: { sub: 'bob' } } };
    expect(requestModel({ ...CALL, ...change }, { ...OPTIONS, primaryUpstreamProvider: 'github' })).toEqual({
      fault: 'missing principal',
    });
  });

  it.each([[undefined], [{}], [{ sub: '' }], [{ sub: 1 }]])('%j are of nobody', (claims) => {
    expect(requestModel({ ...CALL, claims }, OPTIONS)).toEqual({ fault: 'missing principal' });
  });

  it('are characters, every one of them', () => {
    const half = '\ud800';
    const shown = show(
      {
        claims: { sub: half, [half]: [half], r: { [half]: half }, m: half },
        id: half,
        server: half,
        args: { [half]: half },
      },
      { multiValuedClaims: ['m'] },
    );
    expect(JSON.stringify(shown)).not.toContain('\\ud800');
    expect(shown.parents).toEqual(['MCP::\ufffd']);
  });
});

describe('groups', () => {
  const groups = (claims: Record<string, unknown>, options: Partial<RequestOptions> = {}): readonly string[] =>
    show({ claims: { sub: 'alice', ...claims } }, options).groups;

  it.each<[string, Record<string, unknown>, Partial<RequestOptions>, readonly string[]]>([
    ['none', {}, {}, []],
    ['by the first well-known claim', { groups: ['a'], roles: ['b'], 'cognito:groups': ['c'] }, {}, ['a']],
    ['by the second', { roles: ['b'], 'cognito:groups': ['c'] }, {}, ['b']],
    ['by the third', { 'cognito:groups': ['c'] }, {}, ['c']],
    ['by the next where one is no list', { groups: 'a', roles: ['b'] }, {}, ['b']],
    ['none by a claim without a name', { '': ['x'] }, {}, []],
    ['none by an empty list', { groups: [], roles: ['b'] }, {}, []],
    ['by the claim that is named', { groups: ['a'], teams: ['t'] }, { groupClaimName: 'teams' }, ['t']],
    ['by well-known ones where that is missing', { groups: ['a'] }, { groupClaimName: 'teams' }, ['a']],
    ['by a path', { realm: { access: ['x'] } }, { groupClaimName: 'realm.access' }, ['x']],
    ['by a name with dots before the path', { 'a.b': ['x'], a: { b: ['y'] } }, { groupClaimName: 'a.b' }, ['x']],
    [
      'by no path where the name is there',
      { 'a.b': 1, a: { b: ['y'] }, groups: ['g'] },
      { groupClaimName: 'a.b' },
      ['g'],
    ],
    ['and roles', { groups: ['a'], jobs: ['b', 'a'] }, { roleClaimName: 'jobs' }, ['a', 'b']],
    ['only texts among them', { groups: ['a', 1, null] }, {}, ['a']],
  ])('%s', (_how, claims, options, expected) => {
    expect(groups(claims, options)).toEqual(expected.map((id) => `THVGroup::${id}`));
  });

  it('are of the type that the config gives them', () => {
    expect(groups({ groups: ['a'] }, { groupEntityType: 'Team' })).toEqual(['Team::a']);
  });
});

it.each([
  [0, 0n],
  [1.23456, 12345n],
  [-1.23456, -12345n],
  [922337203685477, 9223372036854769664n],
  [922337203685477.5, 9223372036854774784n],
  [-922337203685477.6, -9223372036854775808n],
  [922337203685477.6, -9223372036854775808n],
  [1e15, undefined],
  [-1e15, undefined],
  [NaN, undefined],
  [Infinity, undefined],
])('the number %d is a decimal of %s', (number, count) => {
  expect(decimalOfNumber(number)).toEqual(count === undefined ? undefined : { kind: 'decimal', count });
});
