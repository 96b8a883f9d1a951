import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { createCrdRule } from '../../src/rules/crd-rules.ts';
import { MESSAGE } from '../../src/rules/mutual-exclusion.ts';
import type { StructuralSchema } from '../../src/schema/structural-schema.ts';
import { TOOLHIVE_SCHEMAS } from '../../src/schema/toolhive.ts';
import { evaluate } from '../support/evaluation.ts';
import { config, create, server, virtualServer, workload } from '../support/objects.ts';

function found(object: KubernetesObject, schemas = TOOLHIVE_SCHEMAS): readonly string[] {
  const { findings, failures } = evaluate([createCrdRule(schemas)], create(object), createWorldAnswers());
  expect(failures).toEqual([]);
  return findings.map(({ level, path, reason, message }) => `${level} ${reason} ${path}: ${message}`);
}

const { apiVersion, kind, metadata } = server();
const WITHOUT_SPEC = { apiVersion, kind, metadata };

const INLINE = { type: 'inline', inline: { policies: ['permit(principal, action, resource);'] } };

it.each([
  ['an inline authorization', server({ authzConfig: INLINE }), []],
  ['one in a ConfigMap, without saying so', server({ authzConfig: { configMap: { name: 'c' } } }), []],
  ['a reference to nothing', server({ authzConfigRef: null }), []],
  ['an object without spec', WITHOUT_SPEC, []],
  [
    'an empty reference',
    server({ authzConfigRef: {} }),
    ['deny Required spec.authzConfigRef.name: The field "name" is required.'],
  ],
  [
    'a reference without a name',
    server({ authzConfigRef: { name: '' } }),
    ['deny ValueInvalid spec.authzConfigRef.name: The text is too short: it must have at least 1 characters.'],
  ],
  [
    'a reference that is only a name',
    server({ authzConfigRef: 'a' }),
    ['deny TypeInvalid spec.authzConfigRef: Expected an object, not a string.'],
  ],
  [
    'oidc without its config',
    virtualServer({ authzConfigRef: { name: 'a' } }),
    ['deny RuleViolated spec.incomingAuth: spec.incomingAuth.oidcConfigRef is required when type is oidc'],
  ],
  ['an image that is missing', workload('MCPServer', {}), ['deny Required spec.image: The field "image" is required.']],
  [
    'a proxy to nowhere',
    workload('MCPRemoteProxy', { remoteUrl: 'ftp://x' }),
    ['deny ValueInvalid spec.remoteUrl: "ftp://x" does not match ^https?://.'],
  ],
  ['both forms, which is told by mutual-exclusion', server({ authzConfig: INLINE, authzConfigRef: { name: 'a' } }), []],
  ['a config without type, which is told by authz-config', config({ type: '' }), []],
  ['a kind that is not known', workload('MCPRegistry', {}), []],
  [
    'a type and a config of other kinds',
    virtualServer({ type: 'none', authzConfigRef: { name: 'a' } }),
    ['deny ValueInvalid spec.incomingAuth.type: "none" is not supported; supported are "anonymous", "oidc".'],
  ],
])('%s', (_title, object, expected) => {
  expect(found(object)).toEqual(expected);
});

it('of a CRD at hand only that is left out which another rule tells', () => {
  const rule = 'has(self.authzConfig) != has(self.authzConfigRef)';
  const schema: StructuralSchema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: { config: { type: 'object' }, authzConfig: {}, authzConfigRef: {} },
        'x-kubernetes-validations': [{ rule, message: MESSAGE }],
      },
    },
  };
  const object = workload('VirtualMCPServer', { config: 'x', authzConfig: {}, authzConfigRef: {} });
  expect(found(object, new Map([['VirtualMCPServer', schema]]))).toEqual([
    'deny TypeInvalid spec.config: Expected an object, not a string.',
  ]);
  const said = { ...schema, 'x-kubernetes-validations': [{ rule: 'false', message: 'never' }] };
  expect(found(workload('MCPServer', {}), new Map([['MCPServer', said]]))).toEqual(['deny RuleViolated : never']);
});
