import { createWorldAnswers } from '../../src/engine/world-view.ts';
import type { Resolver } from '../../src/kube/resolve.ts';
import { remembering, type Identity } from '../../src/reconcile/config-memo.ts';
import type { Answer, ResolvedConfig } from '../../src/rules/contract.ts';
import { ABSENT, present, UNKNOWN } from '../support/answers.ts';
import { resolved } from '../support/objects.ts';

const QUERY = { ask: 'authzConfig', namespace: 'ns', name: 'a' } as const;
const SIGNAL = new AbortController().signal;

function setUp(first: Answer<ResolvedConfig>): {
  ask: () => Promise<Answer<ResolvedConfig> | undefined>;
  world: { answer: Answer<ResolvedConfig>; current: Identity | undefined; asked: number };
} {
  const world: ReturnType<typeof setUp>['world'] = { answer: first, current: { uid: 'u', generation: 1 }, asked: 0 };
  const live: Resolver = {
    resolve: (queries) => {
      const answers = createWorldAnswers();
      for (const query of queries) {
        world.asked += 1;
        answers.record(query, world.answer); // only this kind is asked for
      }
      return Promise.resolve(answers);
    },
  };
  const resolver = remembering(live, () => world.current);
  return { world, ask: async () => (await resolver.resolve([QUERY], SIGNAL)).answer(QUERY) };
}

const at = (generation: number, uid = 'u'): Answer<ResolvedConfig> => present(resolved({}, { uid, generation }));

it('a config is read once while the cache knows no other generation', async () => {
  const { ask, world } = setUp(at(1));
  const answers = [await ask(), await ask(), await ask()];
  expect(world.asked).toBe(1);
  expect(answers.map((answer) => answer?.state)).toEqual(['present', 'present', 'present']);
});

it.each<[string, Identity | undefined]>([
  ['was edited', { uid: 'u', generation: 2 }],
  ['was made anew', { uid: 'other', generation: 1 }],
  ['is gone', undefined],
])('and again where the cache says that it %s', async (_title, current) => {
  const { ask, world } = setUp(at(1));
  await ask();
  world.current = current;
  await ask();
  expect(world.asked).toBe(2);
});

it('an answer older than the cache is not kept', async () => {
  const { ask, world } = setUp(at(1));
  world.current = { uid: 'u', generation: 2 };
  await ask();
  world.answer = at(2);
  expect((await ask())?.state).toBe('present');
  await ask();
  expect(world.asked).toBe(2);
});

it.each([ABSENT, UNKNOWN])('"$state" is asked every time', async (answer) => {
  const { ask, world } = setUp(answer);
  await ask();
  await ask();
  expect(world.asked).toBe(2);
});
