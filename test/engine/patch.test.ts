import { mutate } from '../../src/engine/mutate.ts';
import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { Mutator } from '../../src/rules/contract.ts';
import { create, server } from '../support/objects.ts';

it('a patch that does not lead to what was decided on is a failure', () => {
  const strange: Mutator = {
    id: 'strange',
    title: 'Writes what is no JSON.',
    match: { resources: ['mcpservers'], operations: ['CREATE'] },
    queries: () => [],
    mutate: ({ object }) => ({ object: { ...object, spec: { replicas: NaN } }, findings: [] }),
  };
  const { failures } = mutate([strange], create(server()), createWorldAnswers());
  expect(failures.map(({ ruleId, error }) => `${ruleId}: ${error.message}`)).toEqual([
    'json-patch: the patch does not lead to the object that was decided on',
  ]);
});

it('a patch of a key that is no word is one', () => {
  const added: Mutator = {
    id: 'added',
    title: 'Adds a label.',
    match: { resources: ['mcpservers'], operations: ['CREATE'] },
    queries: () => [],
    mutate: ({ object }) => ({
      object: { ...object, metadata: { ...object.metadata, labels: { 'a/b~c': 'x' } } },
      findings: [],
    }),
  };
  const { patch, failures } = mutate([added], create(server({}, { labels: {} })), createWorldAnswers());
  expect(failures).toEqual([]);
  expect(patch).toEqual([{ op: 'add', path: '/metadata/labels/a~1b~0c', value: 'x' }]);
});
