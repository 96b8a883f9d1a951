import type { Analysis } from '../../src/authorizers/analysis.ts';
import { analyze } from '../../src/authorizers/analyze.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { configAnnotations } from '../../src/injection/config-annotations.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { authorizerSpecOf } from '../../src/api/toolhive.ts';
import { mutate } from '../../src/engine/mutate.ts';
import type { StatusWrite } from '../../src/reconcile/status.ts';
import { decideWorkload } from '../../src/reconcile/workload-status.ts';
import type { Answer, ResolvedConfig } from '../../src/rules/contract.ts';
import { answers, present } from '../support/answers.ts';
import { afterApply, OPERATOR, writtenBy } from '../support/managed.ts';
import { config, NOW, resolved, update, workload } from '../support/objects.ts';

const REF = { authzConfigRef: { name: 'a' } };
const KINDS: readonly (readonly [string, (auth: object) => KubernetesObject])[] = [
  ['MCPServer', (auth) => workload('MCPServer', { image: 'i', ...auth }, { generation: 4 })],
  ['MCPRemoteProxy', (auth) => workload('MCPRemoteProxy', { remoteUrl: 'https://x', ...auth }, { generation: 4 })],
  [
    'VirtualMCPServer',
    (auth) => workload('VirtualMCPServer', { incomingAuth: { type: 'oidc', ...auth } }, { generation: 4 }),
  ],
];
const PROBLEM = { path: 'spec.config.policies[0]', reason: 'PolicySyntax', message: 'unexpected token' };
const INVALID = present(resolved({ problems: [PROBLEM] }));
const FINE = present(resolved());
const ABSENT: Answer<never> = { state: 'absent' };

function decide(object: KubernetesObject, given: Answer<ResolvedConfig>): StatusWrite {
  return decideWorkload({ workload: object, config: given, undeclared: new Set(), now: NOW });
}

function settled(object: KubernetesObject, given: Answer<ResolvedConfig>): KubernetesObject {
  return afterApply(object, decide(object, given).status);
}

function said(status: string, reason: string, message: string): Record<string, unknown> {
  return {
    type: 'AuthzConfigRefValidated',
    status,
    reason,
    message,
    observedGeneration: 4,
    lastTransitionTime: '2026-11-24T00:00:00Z',
  };
}
const OK = said('True', 'AuthzConfigRefValid', 'MCPAuthzConfig a is valid and ready');
const NOT_VALID = 'MCPAuthzConfig a is not valid: MCPAuthzConfig ns/a is not valid (condition "Valid" is not True)';
const NOT_FOUND =
  'MCPAuthzConfig a not found: failed to get MCPAuthzConfig ns/a: mcpauthzconfigs.toolhive.stacklok.dev "a" not found';

describe.each(KINDS)('%s', (kind, make) => {
  it('that refers to a good config says so, with its hash, once', () => {
    expect(decide(make(REF), FINE)).toEqual({
      status: { conditions: [OK], authzConfigHash: 'ca88b29d' },
      changed: true,
      force: false,
    });
    expect(decide(settled(make(REF), FINE), FINE).changed).toBe(false);
  });

  it.each([
    ['that is missing', ABSENT, 'AuthzConfigRefNotFound', NOT_FOUND],
    ['that is not valid', INVALID, 'AuthzConfigRefNotValid', NOT_VALID],
    [
      'U8: that cannot be read, which is not "not found",',
      { state: 'unknown', why: 'the API server answered 500' } as const,
      'AuthzConfigRefError',
      'MCPAuthzConfig a could not be read: the API server answered 500',
    ],
  ])('that refers to a config %s says so', (_title, given, reason, message) => {
    const { status } = decide(make(REF), given);
    expect(status).toMatchObject({ conditions: [said('False', reason, message), { type: 'Ready' }] });
    expect(status).not.toHaveProperty('authzConfigHash');
  });

  it('keeps the hash of what still runs when the config turns bad', () => {
    expect(decide(settled(make(REF), FINE), INVALID)).toMatchObject({
      changed: true,
      status: { authzConfigHash: 'ca88b29d' },
    });
  });

  it('U9: does not look ready while its config cannot be used, and says nothing of it otherwise', () => {
    expect(decide(make(REF), INVALID).status).toMatchObject({
      phase: 'Failed',
      conditions: [{}, { type: 'Ready', status: 'False', reason: 'NotReady', message: NOT_VALID }],
    });
    const mended = decide(settled(make(REF), INVALID), FINE);
    expect(mended).toEqual({ changed: true, force: false, status: { conditions: [OK], authzConfigHash: 'ca88b29d' } });
  });

  it('U9: leaves phase and Ready to the operator that writes them', () => {
    const object = writtenBy(OPERATOR, make(REF), {
      phase: 'Ready',
      conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '' }],
    });
    expect(decide(object, ABSENT).status).toEqual({
      conditions: [said('False', 'AuthzConfigRefNotFound', NOT_FOUND)],
    });
  });

  it('S1, S2: loses condition and hash when the reference goes', () => {
    const before = settled(make(REF), FINE);
    const object = { ...make({}), metadata: before.metadata, status: before['status'] };
    expect(decide(object, ABSENT)).toEqual({ status: { conditions: [] }, changed: true, force: false });
    expect(decide(afterApply(object, {}), ABSENT).changed).toBe(false);
  });

  it('S8: loses the condition too where the config never was valid', () => {
    const before = settled(make(REF), INVALID);
    const object = { ...make({}), metadata: before.metadata, status: before['status'] };
    expect(decide(object, ABSENT)).toEqual({ status: { conditions: [] }, changed: true, force: false });
  });

  it('U3: is judged by the spec of the config, not by an older verdict about it', () => {
    const stale = {
      ...config({}, { generation: 2 }),
      status: { conditions: [{ type: 'Valid', status: 'True', observedGeneration: 1 }], configHash: 'old' },
    };
    const edited: Answer<ResolvedConfig> = present({
      object: stale,
      analysis: resolved({ problems: [PROBLEM] }).analysis,
    });
    expect(decide(make(REF), edited).status).toMatchObject({ conditions: [{ reason: 'AuthzConfigRefNotValid' }, {}] });
    const fine: Answer<ResolvedConfig> = present({ object: stale, analysis: resolved().analysis });
    expect(decide(make(REF), fine).status).toMatchObject({ authzConfigHash: 'ca88b29d' });
  });

  it('without a reference is left alone', () => {
    expect(decide(make({}), ABSENT)).toEqual({ status: { conditions: [] }, changed: false, force: false });
  });

  it('whose condition another writes has our verdict in PolicyVerified', () => {
    const object = writtenBy(OPERATOR, make(REF), { conditions: [OK], authzConfigHash: 'old' });
    expect(decide(object, INVALID).status['conditions']).toMatchObject([
      {
        type: 'PolicyVerified',
        status: 'False',
        reason: 'AuthzConfigRefNotValid',
        message: expect.stringMatching(/^MCPAuthzConfig \S+ is not valid: (?!.*condition "Valid")/) as string,
      },
      {},
    ]);
    expect(decide(settled(object, INVALID), INVALID).changed).toBe(false);
    expect(decide(settled(object, INVALID), INVALID).status).not.toHaveProperty('authzConfigHash');
  });

  it('loses our own condition whole when the reference goes, also where another rewrote a part of it', () => {
    const both = settled(writtenBy(OPERATOR, make(REF), { conditions: [OK] }), INVALID);
    const rewritten = writtenBy(OPERATOR, both, { conditions: [{ type: 'PolicyVerified', observedGeneration: 1 }] });
    const decision = decide({ ...rewritten, spec: make({})['spec'] }, ABSENT);
    expect(decision.changed).toBe(true);
    expect(decision.withoutEntangled?.map(({ type }) => type)).toEqual(['AuthzConfigRefValidated', 'Ready']);
  });

  it(`S3: says what ${kind} makes of httpv1`, () => {
    const http = present(resolved({ type: 'httpv1' }));
    expect(decide(make(REF), http).status['conditions']).toMatchObject([
      kind === 'VirtualMCPServer'
        ? {
            reason: 'AuthzConfigRefNotValid',
            message: 'MCPAuthzConfig a has unsupported type "httpv1" for VirtualMCPServer; only cedarv1 is supported',
          }
        : { reason: 'AuthzConfigRefValid' },
      ...(kind === 'VirtualMCPServer' ? [{}] : []),
    ]);
  });
});

describe('annotations', () => {
  const object = config({
    config: {
      policies: ['permit(principal, action, resource);'],
      entities_json: '[]',
      group_claim_name: 'groups',
      role_claim_name: 'roles',
      group_entity_type: 'Team',
      multi_valued_claims: ['groups'],
    },
  });
  const analysis: Analysis = analyze(authorizerSpecOf(object), createCedar());
  const annotated = (given: Answer<ResolvedConfig>): Readonly<Record<string, string>> => {
    const server = workload('MCPServer', { image: 'i', ...REF });
    const { object: after } = mutate([configAnnotations], update(server, server), answers({ config: given }));
    return after.metadata.annotations ?? {};
  };

  it('S10: carry every field of the config', () => {
    const text = annotated(present({ object, analysis }))['authz.toolhive.stacklok.dev/resolved-config'] ?? '';
    expect(JSON.parse(text)).toEqual({
      cedar: authorizerSpecOf(object).config,
      type: 'cedarv1',
      version: '1.0',
    });
  });

  it('S9: are not made of a config that is not valid', () => {
    expect(annotated(present({ object, analysis: { ...analysis, problems: [PROBLEM] } }))).toEqual({});
  });

  it('S5: go when the reference goes, for every kind alike', () => {
    for (const [, make] of KINDS) {
      const before = make(REF);
      const { object: with_ } = mutate(
        [configAnnotations],
        update(before, before),
        answers({ config: present({ object, analysis }) }),
      );
      const without = { ...make({}), metadata: with_.metadata };
      const { object: after } = mutate([configAnnotations], update(without, without), answers({}));
      expect(Object.keys(with_.metadata.annotations ?? {})).toHaveLength(3);
      expect(after.metadata.annotations).toBeUndefined();
    }
  });
});
