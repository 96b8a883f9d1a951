import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { createUnknownFieldRule } from '../../src/rules/unknown-field.ts';
import type { StructuralSchema } from '../../src/schema/structural-schema.ts';
import { TOOLHIVE_SCHEMAS } from '../../src/schema/toolhive.ts';
import { evaluate } from '../support/evaluation.ts';
import { create, server, virtualServer, workload } from '../support/objects.ts';

function found(object: KubernetesObject, schemas = TOOLHIVE_SCHEMAS): readonly string[] {
  const { findings, failures } = evaluate([createUnknownFieldRule(schemas)], create(object), createWorldAnswers());
  expect(failures).toEqual([]);
  return findings.map(({ level, path, message }) => `${level} ${path}: ${message}`);
}

const EFFECT = 'it is dropped and has no effect.';

it.each([
  [
    'a misspelt authorization field is refused',
    server({ AuthzConfig: {} }),
    [`deny spec.AuthzConfig: MCPServer has no field "AuthzConfig" here: ${EFFECT} Did you mean "authzConfig"?`],
  ],
  [
    'so is one inside of it',
    server({ authzConfig: { type: 'inline', inline: { policies: ['x'], entities_json: '[]' } } }),
    [
      `deny spec.authzConfig.inline.entities_json: MCPServer has no field "entities_json" here: ${EFFECT} Did you mean "entitiesJson"?`,
    ],
  ],
  [
    'and its holder',
    workload('VirtualMCPServer', { groupRef: { name: 'g' }, incommingAuth: {} }),
    [
      `deny spec.incommingAuth: VirtualMCPServer has no field "incommingAuth" here: ${EFFECT} Did you mean "incomingAuth"?`,
    ],
  ],
  [
    'any other is a warning, without a guess where nothing is near',
    server({ completelyDifferent: 1 }),
    [`warn spec.completelyDifferent: MCPServer has no field "completelyDifferent" here: ${EFFECT}`],
  ],
  [
    'a reference to another namespace is refused',
    virtualServer({ authzConfigRef: { name: 'a', namespace: 'ns' } }),
    [
      'deny spec.incomingAuth.authzConfigRef.namespace: A reference has only a name: it reaches an MCPAuthzConfig of its own namespace. This field is dropped; remove it.',
    ],
  ],
  ...['kind', 'apiVersion'].map((name): [string, KubernetesObject, readonly string[]] => [
    `or to another ${name}`,
    server({ authzConfigRef: { name: 'a', [name]: 'x' } }),
    [
      `deny spec.authzConfigRef.${name}: A reference has only a name: it reaches an MCPAuthzConfig of its own namespace. This field is dropped; remove it.`,
    ],
  ]),
  [
    'another field beside its name is refused as any other',
    server({ authzConfigRef: { name: 'a', nam: 'b' } }),
    [`deny spec.authzConfigRef.nam: MCPServer has no field "nam" here: ${EFFECT} Did you mean "name"?`],
  ],
  [
    'a namespace elsewhere is only a warning',
    server({ namespace: 'x' }),
    [`warn spec.namespace: MCPServer has no field "namespace" here: ${EFFECT}`],
  ],
  [
    'what stands on top is named as it is',
    { ...server(), specc: {} },
    [`warn specc: MCPServer has no field "specc" here: ${EFFECT} Did you mean "spec"?`],
  ],
  [
    'what holds something misplaced is told by that rule, too',
    server({ unheard: { of: { authzConfigRef: { name: 'a' } } } }),
    [],
  ],
  ['a kind that is not known is not judged', workload('MCPRegistry', { x: 1 }), []],
  ['what is misplaced is told by that rule', workload('VirtualMCPServer', { authzConfigRef: { name: 'a' } }), []],
  ['what is known but not described is open', server({ resources: { anything: { goes: 1 } } }), []],
  ['metadata and status are open', { ...server(), status: { x: 1 } }, []],
])('%s', (_title, object, expected) => {
  expect(found(object)).toEqual(expected);
});

it('a CRD at hand decides instead', () => {
  const schema: StructuralSchema = {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { 'x-kubernetes-preserve-unknown-fields': true },
      spec: { type: 'object', properties: { deep: { type: 'array', items: { properties: { known: {} } } } } },
    },
  };
  const object = workload('MCPServer', { deep: [{ known: 1 }, { knwon: 1 }] });
  expect(found(object, new Map([['MCPServer', schema]]))).toEqual([
    `warn spec.deep[1].knwon: MCPServer has no field "knwon" here: ${EFFECT} Did you mean "known"?`,
  ]);
});
