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
    [
      'and come on their own',
      {},
      { annotations: { readOnlyHint: false } },
      { mcp: { annotations: { readOnlyHint: false } } },
    ],
  ])('context: %s', (_name, context, change, expected) => {
    expect(ask({ claim_mapping: 'standard', context }, change)).toMatchObject({ body: { context: expected } });
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
});
