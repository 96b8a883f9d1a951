import { ANNOTATIONS, FINALIZER, IN_USE_LABEL, MISSING_REFERENCE_LABEL } from '../../src/api/names.ts';
import { objectRemovals } from '../../src/cli/cleanup/plan.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';

const PATH = '/apis/x/namespaces/a/mcpauthzconfigs/c';

function object(metadata: object): KubernetesObject {
  return {
    apiVersion: 'x/v1',
    kind: 'MCPAuthzConfig',
    metadata: { namespace: 'a', name: 'c', resourceVersion: '7', ...metadata },
  };
}

const field = (manager: string, subresource?: string): object => ({
  manager,
  operation: 'Apply',
  subresource,
  fieldsV1: {},
});

it.each<[string, object, object[]]>([
  ['nothing of ours', { finalizers: ['x/y'], labels: { [MISSING_REFERENCE_LABEL]: 'Warn', a: 'b' } }, []],
  [
    'finalizer, label and annotation go, others stay',
    {
      finalizers: ['x/y', FINALIZER],
      labels: { a: 'b', [IN_USE_LABEL]: 'true' },
      annotations: { [ANNOTATIONS.configHash]: 'h', c: 'd' },
    },
    [
      {
        kind: 'patch',
        what: 'finalizer, in-use, config-hash of MCPAuthzConfig a/c',
        path: PATH,
        patch: {
          metadata: {
            resourceVersion: '7',
            finalizers: ['x/y'],
            labels: { [IN_USE_LABEL]: null },
            annotations: { [ANNOTATIONS.configHash]: null },
          },
        },
      },
    ],
  ],
  [
    'our part of the status is given up',
    { managedFields: [field('mcp-authz-webhook', 'status'), field('operator', 'status')] },
    [
      {
        kind: 'status',
        what: 'our part of the status of MCPAuthzConfig a/c',
        path: PATH,
        body: { apiVersion: 'x/v1', kind: 'MCPAuthzConfig', metadata: { name: 'c', namespace: 'a' } },
      },
    ],
  ],
  ['the status of others stays', { managedFields: [field('operator', 'status'), field('mcp-authz-webhook')] }, []],
])('%s', (_title, metadata, expected) => {
  expect(objectRemovals({ path: PATH, object: object(metadata) })).toEqual(expected);
});
