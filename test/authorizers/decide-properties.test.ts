import fc from 'fast-check';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { createPolicyCompiler } from '../../src/authorizers/policy-compiler.ts';
import { cedarv1 } from '../../src/authorizers/cedarv1.ts';
import type { Decision, DecisionRequest } from '../../src/authorizers/decision.ts';
import type { JsonObject } from '../../src/api/json.ts';

const compile = createPolicyCompiler(createCedar());

function decide(config: unknown, request: DecisionRequest): Decision | undefined {
  return cedarv1.decide?.(config, compile)(request);
}

const jsonObject = fc
  .dictionary(
    fc.oneof(fc.constantFrom('sub', 'groups', '__entity', '__proto__', 'a.b'), fc.string({ unit: 'binary' })),
    fc.jsonValue(),
  )
  .map((entries): JsonObject => entries);
const text = fc.string({ unit: 'binary' });
const request: fc.Arbitrary<DecisionRequest> = fc.record({
  claims: fc.option(jsonObject, { nil: undefined }),
  feature: fc.oneof(fc.constantFrom('tool', 'prompt', 'resource'), text),
  operation: fc.oneof(fc.constantFrom('call', 'get', 'read', 'list'), text),
  id: text,
  args: fc.option(jsonObject, { nil: undefined }),
  server: text,
  annotations: fc.option(jsonObject, { nil: undefined }),
  upstream: fc.option(jsonObject, { nil: undefined }),
});

const SCOPE = '(principal, action, resource)';
/** Conditions that hold, do not hold, or err for a caller without an email. */
const CONDITIONS = { holds: 'true', fails: 'principal.claim_sub == "b"', errs: 'principal.claim_email == "b"' };
const policy = fc.record({
  effect: fc.constantFrom('permit', 'forbid'),
  condition: fc.constantFrom('holds', 'fails', 'errs'),
});

describe('decide', () => {
  it('answers whatever it is given, and never allows with an error', () => {
    const config = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.record(
        {
          policies: fc.array(
            fc.oneof(
              text,
              fc.constant(`permit${SCOPE};`),
              text.map((inner) => `permit${SCOPE} when { context.x == "${inner}" };`),
              text.map((inner) => `permit${SCOPE} when { ${inner} };`),
            ),
          ),
          entities_json: fc.oneof(
            text,
            fc.jsonValue().map((value) => JSON.stringify(value)),
          ),
          group_claim_name: text,
          multi_valued_claims: fc.array(text),
        },
        { requiredKeys: ['policies'] },
      ),
    );
    fc.assert(
      fc.property(config, request, (given, call) => {
        const decision = decide(given, call);
        expect(typeof decision?.allow).toBe('boolean');
        expect(decision?.allow === true && decision.errors.length > 0).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('lets an error override a forbid, and a forbid a permit', () => {
    fc.assert(
      fc.property(fc.array(policy, { minLength: 1, maxLength: 6 }), (policies) => {
        const config = {
          policies: policies.map(({ effect, condition }) => `${effect}${SCOPE} when { ${CONDITIONS[condition]} };`),
        };
        const call = {
          claims: { sub: 'a' },
          feature: 'tool',
          operation: 'call',
          id: 'x',
          args: undefined,
          server: 's',
        };
        const of = (test: (one: { effect: string; condition: string }) => boolean): readonly number[] =>
          policies.flatMap((one, index) => (test(one) ? [index] : []));
        const errs = of(({ condition }) => condition === 'errs');
        const forbids = of(({ effect, condition }) => effect === 'forbid' && condition === 'holds');
        const permits = of(({ effect, condition }) => effect === 'permit' && condition === 'holds');
        const decision = decide(config, call);
        expect(decision?.allow).toBe(errs.length === 0 && forbids.length === 0 && permits.length > 0);
        expect(decision?.policies).toEqual(errs.length > 0 ? errs : forbids.length > 0 ? forbids : permits);
        expect(decision?.errors).toHaveLength(errs.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('does not change what it is given, and answers the same again', () => {
    fc.assert(
      fc.property(request, (call) => {
        const config = {
          policies: [`permit${SCOPE} when { principal has claim_groups };`],
          multi_valued_claims: ['groups'],
        };
        const before = JSON.stringify(call);
        expect(decide(config, call)).toEqual(decide(config, call));
        expect(JSON.stringify(call)).toBe(before);
      }),
    );
  });
});
