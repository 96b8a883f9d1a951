import { mutate } from '../../src/engine/mutate.ts';
import { FINALIZER } from '../../src/api/names.ts';
import { configFinalizer } from '../../src/injection/config-finalizer.ts';
import { MUTATORS, MUTATORS_WITHOUT_LOOP } from '../../src/injection/index.ts';
import type { WriteInput } from '../../src/rules/contract.ts';
import { answers } from '../support/answers.ts';
import { config, create, server, update } from '../support/objects.ts';

function finalizers(input: WriteInput): readonly string[] | undefined {
  return mutate([configFinalizer], input, answers({})).object.metadata.finalizers;
}

it.each<[string, WriteInput, readonly string[] | undefined]>([
  ['a new config gets it', create(config()), [FINALIZER]],
  ['beside those of others', create(config({}, { finalizers: ['other'] })), ['other', FINALIZER]],
  ['once', create(config({}, { finalizers: [FINALIZER] })), [FINALIZER]],
  ['an update that left it out gets it back', update(config({}, { finalizers: [FINALIZER] }), config()), [FINALIZER]],
  [
    'not while it is being deleted',
    update(config({}, { deletionTimestamp: 'then' }), config({}, { deletionTimestamp: 'then' })),
    undefined,
  ],
  ['not a workload', create(server()), undefined],
])('%s', (_title, input, expected) => {
  expect(finalizers(input)).toEqual(expected);
});

it('is left out where no loop would ever take it away', () => {
  expect(MUTATORS.map(({ id }) => id)).toEqual(['config-annotations', 'config-finalizer', 'pod-injection']);
  expect(MUTATORS_WITHOUT_LOOP.map(({ id }) => id)).toEqual(['config-annotations']);
});
