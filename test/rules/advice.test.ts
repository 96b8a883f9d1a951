import { createWorldAnswers } from '../../src/engine/world-view.ts';
import { advice } from '../../src/rules/advice.ts';
import type { RuleInput } from '../../src/rules/contract.ts';
import { evaluate } from '../support/evaluation.ts';
import { create, server, update, virtualServer } from '../support/objects.ts';

const REF = { authzConfigRef: { name: 'a' } };
const OIDC = { oidcConfigRef: { name: 'o' } };

function reasons(input: RuleInput): readonly string[] {
  return evaluate([advice], input, createWorldAnswers()).findings.map(({ level, reason }) => `${level} ${reason}`);
}

describe('advice', () => {
  const messages = (input: RuleInput): readonly string[] =>
    evaluate([advice], input, createWorldAnswers()).findings.map(({ path, message }) => `${path}: ${message}`);
  const SAME =
    'Authorization without authentication: every caller has the same identity, so all are allowed or denied alike.';

  it('says what it means, and what to do', () => {
    expect(messages(create(server(REF)))).toEqual([`spec: ${SAME} Set oidcConfigRef or authServerRef.`]);
    expect(messages(create(virtualServer({ ...REF, type: 'anonymous' })))).toEqual([
      `spec.incomingAuth: ${SAME} Set incomingAuth.type to oidc.`,
    ]);
    expect(messages(update(server({ ...REF, ...OIDC }), server(OIDC)))).toEqual([
      'spec: Authorization was removed: from the next rollout on, every caller may call every tool of this workload.',
    ]);
  });

  it.each<[string, RuleInput, readonly string[]]>([
    ['authorization behind OIDC is fine', create(server({ ...REF, ...OIDC })), []],
    ['authorization behind an auth server is fine', create(server({ ...REF, authServerRef: { name: 's' } })), []],
    [
      'authorization behind what may be an auth server is fine',
      create(server({ ...REF, externalAuthConfigRef: { name: 's' } })),
      [],
    ],
    ['no authorization at all is not our business', create(server()), []],
    ['authorization for one synthetic user', create(server(REF)), ['warn AuthorizationWithoutAuthentication']],
    [
      'inline authorization for one synthetic user',
      create(server({ authzConfig: { type: 'inline' } })),
      ['warn AuthorizationWithoutAuthentication'],
    ],
    [
      'an anonymous VirtualMCPServer with authorization',
      create(virtualServer({ ...REF, type: 'anonymous' })),
      ['warn AuthorizationWithoutAuthentication'],
    ],
    ['an oidc VirtualMCPServer with authorization', create(virtualServer(REF)), []],
    ['a reference taken away', update(server({ ...REF, ...OIDC }), server(OIDC)), ['warn AuthorizationRemoved']],
    [
      'a reference replaced by inline policies',
      update(server({ ...REF, ...OIDC }), server({ ...OIDC, authzConfig: { type: 'inline' } })),
      [],
    ],
    ['an update that never had any', update(server(), server({ replicas: 2 })), []],
  ])('%s', (_title, input, expected) => {
    expect(reasons(input)).toEqual(expected);
  });
});
