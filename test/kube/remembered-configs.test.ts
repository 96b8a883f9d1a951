import { createWorldAnswers } from '../../src/engine/world-view.ts';
import { createConfigMemory, type Identity } from '../../src/kube/config-memory.ts';
import { recallAll, remembering, rememberingWatched } from '../../src/kube/remembered-configs.ts';
import type { Resolver } from '../../src/kube/resolve.ts';
import type { Answer, Query, ResolvedConfig } from '../../src/rules/contract.ts';
import { ABSENT, present, UNKNOWN } from '../support/answers.ts';
import { resolved } from '../support/objects.ts';

const QUERY = { ask: 'authzConfig', namespace: 'ns', name: 'a' } as const;
const WATCHED = { ...QUERY, asWatched: true } as const;
const NAMESPACE = { ask: 'namespace', name: 'ns' } as const;
const SIGNAL = new AbortController().signal;
const SEEN: Identity = { uid: 'u', generation: 1, terminating: false };

interface World {
  answer: Answer<ResolvedConfig>;
  current: Identity | undefined;
  /** Of configs. */
  asked: number;
}

function setUp(
  first: Answer<ResolvedConfig>,
  wrap = remembering,
): {
  readonly world: World;
  readonly ask: (query?: typeof QUERY | typeof WATCHED) => Promise<Answer<ResolvedConfig> | undefined>;
  readonly recall: (...queries: readonly Query[]) => Answer<ResolvedConfig> | undefined;
  readonly resolver: Resolver;
} {
  const world: World = { answer: first, current: SEEN, asked: 0 };
  const live: Resolver = {
    resolve: (queries) => {
      const answers = createWorldAnswers();
      for (const query of queries) {
        if (query.ask === 'authzConfig') {
          world.asked += 1;
          answers.record(query, world.answer);
        } else if (query.ask === 'namespace') {
          answers.record(query, present({ terminating: false, labels: {} }));
        }
      }
      return Promise.resolve(answers);
    },
  };
  const memory = createConfigMemory(() => world.current);
  const resolver = wrap(live, memory);
  return {
    world,
    resolver,
    ask: async (query = QUERY) => (await resolver.resolve([query], SIGNAL)).answer(query),
    recall: (...queries) => recallAll(queries, memory)?.answer(QUERY),
  };
}

const at = (generation: number, uid = 'u'): Answer<ResolvedConfig> => present(resolved({}, { uid, generation }));

it('a config is read once while the cache knows no other generation', async () => {
  const { ask, world } = setUp(at(1));
  const answers = [await ask(), await ask(), await ask()];
  expect(world.asked).toBe(1);
  expect(answers.map((answer) => answer?.state)).toEqual(['present', 'present', 'present']);
});

it.each<[string, Identity | undefined]>([
  ['was edited', { ...SEEN, generation: 2 }],
  ['was made anew', { ...SEEN, uid: 'other' }],
  ['is being deleted', { ...SEEN, terminating: true }],
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
  world.current = { ...SEEN, generation: 2 };
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

describe('for admission', () => {
  it('only what may be as the watch cache has seen it is not read again', async () => {
    const { ask, world } = setUp(at(1), rememberingWatched);
    await ask(WATCHED);
    expect(await ask(WATCHED)).toEqual(at(1));
    expect(world.asked).toBe(1);
    await ask();
    await ask();
    expect(world.asked).toBe(3);
  });

  it('what was read for somebody else will do', async () => {
    const { ask, world, recall } = setUp(at(1), rememberingWatched);
    await ask();
    expect(await ask(WATCHED)).toEqual(at(1));
    expect(recall(WATCHED)).toEqual(at(1));
    expect(world.asked).toBe(1);
  });

  it('other questions of the request are asked', async () => {
    const { ask, world, resolver } = setUp(at(1), rememberingWatched);
    await ask();
    const answers = await resolver.resolve([WATCHED, NAMESPACE], SIGNAL);
    expect([answers.answer(WATCHED)?.state, answers.answer(NAMESPACE)?.state]).toEqual(['present', 'present']);
    expect(world.asked).toBe(1);
  });

  it.each<[string, readonly Query[]]>([
    ['has to be live', [QUERY]],
    ['is about something else', [WATCHED, NAMESPACE]],
  ])('nothing is answered at once where a question %s', async (_title, queries) => {
    const { ask, recall } = setUp(at(1), rememberingWatched);
    await ask();
    expect(recall(...queries)).toBeUndefined();
  });

  it('nothing is answered at once that was not read, or not as the watch cache knows it', async () => {
    const { ask, world, recall } = setUp(at(1), rememberingWatched);
    expect(recall(WATCHED)).toBeUndefined();
    await ask();
    world.current = undefined;
    expect(recall(WATCHED)).toBeUndefined();
  });
});

it('what no rule reads and may be large is not kept', async () => {
  const status = { referencingWorkloads: [{ kind: 'MCPServer', name: 'server' }] };
  const whole = resolved({}, { uid: 'u', generation: 1, managedFields: [{ manager: 'kubectl' }] });
  const { ask, recall } = setUp(present({ ...whole, object: { ...whole.object, status } }), rememberingWatched);
  await ask();
  const kept = recall(WATCHED);
  expect(kept).toMatchObject({ state: 'present', value: { object: { metadata: { uid: 'u' } } } });
  expect(JSON.stringify(kept)).not.toMatch(/referencingWorkloads|managedFields/);
});

it('no more than a hundred are kept, those that were read last', () => {
  const memory = createConfigMemory(() => SEEN);
  for (let number = 0; number <= 100; number += 1) {
    memory.remember('ns', String(number), at(1));
  }
  expect(memory.recall('ns', '0')).toBeUndefined();
  expect(memory.recall('ns', '1')).toBeDefined();
  expect(memory.recall('ns', '100')).toBeDefined();
});
