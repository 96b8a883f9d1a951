import { pdpRequest } from '../../src/authorizers/index.ts';
import type { DecisionRequest } from '../../src/authorizers/decision.ts';

const CALL: DecisionRequest = {
  claims: { sub: 'alice', roles: ['dev'], mroles: ['ops'], groups: ['eng'], scope: 'a b', clearance: 3, email: 'x' },
  feature: 'tool',
  operation: 'call',
  id: 'weather',
  args: { city: 'Bern' },
  server: 'srv',
};
const HTTP = { url: 'http://pdp:9000/base/?x=1' };

function ask(config: object, change: Partial<DecisionRequest> = {}): unknown {
  const question = pdpRequest({ http: HTTP, ...config }, { ...CALL, ...change });
  return 'fault' in question ? question : { ...question, body: JSON.parse(question.body) as unknown };
}

describe('pdpRequest', () => {
  it('maps claims as the standard has them', () => {
    expect(ask({ claim_mapping: 'standard' })).toEqual({
      url: 'http://pdp:9000/base/decision?x=1',
      timeoutMs: 30_000,
      insecure: false,
      body: {
        principal: { sub: 'alice', roles: ['dev'], groups: ['eng'], scopes: 'a b' },
        operation: 'mcp:tool:call',
        resource: 'mrn:mcp:srv:tool:weather',
        context: {},
      },
    });
  });

  it('maps claims as the Manetu PolicyEngine wants them, with everything that the config adds', () => {
    const config = {
      http: { url: 'https://pdp', timeout: 5, insecure_skip_verify: true },
      claim_mapping: 'mpe',
      context: { include_args: true, include_operation: true },
    };
    expect(ask(config, { annotations: { readOnlyHint: true, title: 'x' } })).toEqual({
      url: 'https://pdp/decision',
      timeoutMs: 5000,
      insecure: true,
      body: {
        principal: { sub: 'alice', mroles: ['ops'], mgroups: ['eng'], scopes: 'a b', mclearance: 3, mannotations: {} },
        operation: 'mcp:tool:call',
        resource: 'mrn:mcp:srv:tool:weather',
        context: {
          mcp: {
            feature: 'tool',
            operation: 'call',
            resource_id: 'weather',
            args: { city: 'Bern' },
            annotations: { readOnlyHint: true },
          },
        },
      },
    });
  });

  it.each([
    ['without arguments', { include_args: true }, { args: {} }, {}],
    ['annotations are of tools', {}, { feature: 'prompt', annotations: { readOnlyHint: true } }, {}],
    ['and none where the server announced nothing', {}, { annotations: undefined }, {}],
    [
      'and come on their own',
      {},
      { annotations: { readOnlyHint: false } },
      { mcp: { annotations: { readOnlyHint: false } } },
    ],
  ])('context: %s', (_name, context, change, expected) => {
    expect(ask({ claim_mapping: 'standard', context }, change)).toHaveProperty('body.context', expected);
  });

  it.each([
    ['no identity', {}, { claims: undefined }, 'missing principal: no identity in context'],
    [
      'claims without an end',
      {},
      { claims: { deep: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown } },
      'claims or arguments nest deeper than 500 levels, which is the limit of this question',
    ],
    ['a url without a host', { http: { url: 'http://' } }, {}, 'the url of the decision point cannot be asked'],
  ])('cannot ask with %s', (_name, config, change, fault) => {
    expect(ask(config, change)).toEqual({ fault });
  });

  it.each<[object, string]>([
    [{ url: 'http://pdp' }, 'http://pdp/decision'],
    [{ url: 'https://pdp/' }, 'https://pdp/decision'],
    [{ url: 'https://pdp/a//' }, 'https://pdp/a/decision'],
    [{ url: 'https://pdp/a/#x' }, 'https://pdp/a/decision'],
  ])('asks %j at %s', (http, url) => {
    expect(ask({ http, claim_mapping: 'mpe' })).toMatchObject({ url });
  });

  it.each([[{}], [{ url: 1 }], [{ url: 'pdp' }], [{ url: 'ftp://pdp' }]])('cannot ask %j', (http) => {
    expect(ask({ http })).toEqual({ fault: 'the url of the decision point cannot be asked' });
  });

  it.each([
    [undefined, 30_000],
    [0, 30_000],
    [-1, 30_000],
    [1, 1000],
  ])('waits, with a timeout of %s, for %d milliseconds', (timeout, timeoutMs) => {
    expect(ask({ http: { ...HTTP, timeout } })).toMatchObject({ timeoutMs });
  });

  it('takes the first claim that is there', () => {
    const claims = { sub: 'alice', mroles: ['m'], roles: ['r'], mgroups: [], groups: ['g'], scopes: 's', scope: 't' };
    expect(ask({ claim_mapping: 'mpe' }, { claims })).toMatchObject({
      body: { principal: { sub: 'alice', mroles: ['m'], mgroups: [], scopes: 's', mannotations: {} } },
    });
    expect(
      ask({ claim_mapping: 'mpe' }, { claims: { annotations: { a: 1 }, clearance: 1, mclearance: 2 } }),
    ).toMatchObject({
      body: { principal: { mannotations: { a: 1 }, mclearance: 2 } },
    });
    expect(ask({ claim_mapping: 'standard' }, { claims: {} })).toHaveProperty('body.principal', {});
  });

  it('takes claims and arguments as deep as 500 levels, and no deeper', () => {
    const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;
    const fault = 'claims or arguments nest deeper than 500 levels, which is the limit of this question';
    expect(ask({}, { args: { a: nested(500) } })).not.toHaveProperty('fault');
    expect(ask({}, { args: { a: nested(501) } })).toEqual({ fault });
    expect(ask({}, { claims: { a: nested(501) } })).toEqual({ fault });
  });

  it('tells nothing of arguments and operation that is not wanted', () => {
    const context = { include_args: false, include_operation: false };
    expect(ask({ context })).toHaveProperty('body.context', {});
    expect(ask({ context: { include_args: true } })).toHaveProperty('body.context', {
      mcp: { args: { city: 'Bern' } },
    });
    expect(ask({ context: { include_args: true } }, { args: undefined })).toHaveProperty('body.context', {});
    expect(ask({ context: { include_operation: true } })).toHaveProperty('body.context', {
      mcp: { feature: 'tool', operation: 'call', resource_id: 'weather' },
    });
  });
});
