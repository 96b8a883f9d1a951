import { evaluate } from '../../src/engine/evaluate.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import { advice } from '../../src/rules/advice.ts';
import type { RuleInput } from '../../src/rules/contract.ts';
import { create, server, update, virtualServer } from '../support/objects.ts';

const REF = { authzConfigRef: { name: 'a' } };
const OIDC = { oidcConfigRef: { name: 'o' } };

function reasons(input: RuleInput): readonly string[] {
  return evaluate([advice], input, createWorldAnswers()).findings.map(({ level, reason }) => `${level} ${reason}`);
}

describe('advice', () => {
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
