import { createWorldAnswers, worldViewOf } from '../../src/engine/world-view.ts';
import { misplacedField, misplacedFields } from '../../src/rules/misplaced-field.ts';
import { config, create, server, virtualServer, workload } from '../support/objects.ts';

const REF = { name: 'a' };

describe('authorization of a workload', () => {
  it.each([
    ['where ToolHive reads it, on an MCPServer', server({ authzConfigRef: REF }), []],
    ['where ToolHive reads it, on a VirtualMCPServer', virtualServer({ authzConfigRef: REF }), []],
    [
      'on top of a VirtualMCPServer',
      workload('VirtualMCPServer', { incomingAuth: { type: 'oidc' }, authzConfigRef: REF, authzConfig: {} }),
      ['spec.authzConfigRef -> spec.incomingAuth.authzConfigRef', 'spec.authzConfig -> spec.incomingAuth.authzConfig'],
    ],
    [
      'in incomingAuth of an MCPRemoteProxy',
      workload('MCPRemoteProxy', { incomingAuth: { authzConfigRef: REF } }),
      ['spec.incomingAuth.authzConfigRef -> spec.authzConfigRef'],
    ],
    [
      'in the config of a VirtualMCPServer',
      workload('VirtualMCPServer', { config: { incomingAuth: { authzConfig: {} } } }),
      ['spec.config.incomingAuth.authzConfig -> spec.incomingAuth.authzConfig'],
    ],
    ['outside of spec', { ...server(), authzConfigRef: REF }, ['authzConfigRef -> spec.authzConfigRef']],
    ['as null, which is as good as absent', workload('VirtualMCPServer', { authzConfigRef: null }), []],
    ['in a pod template, where names are the user’s own', server({ podTemplateSpec: { authzConfig: 1 } }), []],
    [
      'within a reference, once',
      { ...server(), authzConfigRef: { authzConfig: 1 } },
      ['authzConfigRef -> spec.authzConfigRef'],
    ],
  ])('%s', (_title, object, expected) => {
    expect(misplacedFields(object).map(({ path, right }) => `${path} -> ${right}`)).toEqual(expected);
  });
});

describe('a config', () => {
  it.each([
    ['as it should be', config(), []],
    ['with policies beside config', config({ policies: [] }), ['spec.policies -> spec.config.policies']],
    ['with a type on top that is null', { ...config(), type: null }, []],
    ['without a spec', { ...config(), spec: null, policies: [] }, ['policies -> spec.config.policies']],
    [
      'with everything on top',
      { ...config(), type: 'cedarv1', http: {} },
      ['type -> spec.type', 'http -> spec.config.http'],
    ],
  ])('%s', (_title, object, expected) => {
    expect(misplacedFields(object).map(({ path, right }) => `${path} -> ${right}`)).toEqual(expected);
  });
});

it.each([
  [virtualServer({ authzConfigRef: REF, authzConfig: { authzConfigRef: REF } }), []],
  [
    { ...server(), authzConfigRef: REF },
    [
      {
        level: 'deny',
        path: 'authzConfigRef',
        reason: 'MisplacedField',
        message:
          'ToolHive does not read this field here: it is dropped, and the workload runs without this authorization. Move it to spec.authzConfigRef.',
      },
    ],
  ],
  [
    config({ policies: [] }),
    [
      {
        level: 'deny',
        path: 'spec.policies',
        reason: 'MisplacedField',
        message:
          'ToolHive does not read this field here: it is dropped, and the config is without it. Move it to spec.config.policies.',
      },
    ],
  ],
  [workload('MCPRegistry', { authzConfig: {} }), []],
  [
    workload('MCPRegistry', { deeper: { authzConfig: {} } }),
    [
      expect.objectContaining({
        path: 'spec.deeper.authzConfig',
        message: expect.stringMatching(/Move it to spec\.authzConfig\.$/) as string,
      }),
    ],
  ],
])('what is said of %j', (object, expected) => {
  expect(misplacedField.check(create(object), worldViewOf([], createWorldAnswers()))).toEqual(expected);
});
