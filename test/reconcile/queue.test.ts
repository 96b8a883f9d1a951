/** The work queue's promises, first one by one, then against any order of calls. */
import fc from 'fast-check';
import { createWorkQueue, type WorkQueue } from '../../src/reconcile/queue.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

function setUp(random = 1): { readonly clock: FakeClock; readonly queue: WorkQueue } {
  const clock = createFakeClock(random);
  return {
    clock,
    queue: createWorkQueue({
      clock,
      failure: { firstMs: 100, ceilingMs: 1000 },
      conflict: { firstMs: 10, ceilingMs: 40 },
    }),
  };
}

it('gives keys in the order in which they came, each once', async () => {
  const { queue } = setUp();
  for (const key of ['a', 'b', 'a', 'c', 'b']) {
    queue.add(key);
  }
  expect(queue.depth()).toBe(3);
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['a', 'b', 'c']);
  expect(queue.depth()).toBe(0);
});

it('whoever waits gets the next key, one each', async () => {
  const { queue } = setUp();
  const takers = [queue.take(), queue.take()];
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect(await Promise.all(takers)).toEqual(['a', 'b']);
});

it('a key that is being worked on comes again when that is done, and only once', async () => {
  const { queue } = setUp();
  queue.add('a');
  await queue.take();
  queue.add('a');
  queue.add('a');
  expect(queue.depth()).toBe(0);
  queue.done('a');
  expect(queue.depth()).toBe(1);
  await queue.take();
  queue.done('a');
  expect(queue.depth()).toBe(0);
});

it('failures come back ever later, up to the ceiling, until forgotten', async () => {
  const { clock, queue } = setUp();
  queue.add('a');
  const delays: number[] = [];
  for (let i = 0; i < 6; i += 1) {
    await queue.take();
    delays.push(queue.retry('a'));
    queue.done('a');
    clock.advance((delays.at(-1) ?? 0) - 1);
    expect(queue.depth()).toBe(0);
    clock.advance(1);
    expect(queue.depth()).toBe(1);
  }
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
  queue.forget('a');
  expect(queue.retry('a')).toBe(100);
  expect(queue.retry('b')).toBe(100); // each key has its own
});

it('the delay is spread over its upper half', () => {
  expect([0, 0.5, 1].map((random) => setUp(random).queue.retry('a'))).toEqual([50, 75, 100]);
});

it('a conflict comes back soon and does not count as a failure', async () => {
  const { clock, queue } = setUp();
  queue.add('a');
  await queue.take();
  expect([1, 2, 3, 4].map(() => queue.conflict('a'))).toEqual([10, 20, 40, 40]);
  queue.done('a');
  clock.advance(10);
  expect(await queue.take()).toBe('a');
  expect(queue.retry('a')).toBe(100);
});

it('of several times the earliest counts, and what is added now comes now and then again', () => {
  const { clock, queue } = setUp();
  queue.addAfter('a', 100);
  queue.addAfter('a', 50);
  queue.addAfter('a', 70);
  expect(clock.pending()).toBe(1);
  clock.advance(50);
  expect([queue.depth(), clock.pending()]).toEqual([1, 0]);
  queue.addAfter('b', 0);
  queue.addAfter('c', 30);
  queue.add('c');
  expect([queue.depth(), clock.pending()]).toEqual([3, 1]);
});

it('once closed it gives nothing, wakes who waits and leaves no timer', async () => {
  const { clock, queue } = setUp();
  const waiting = queue.take();
  queue.addAfter('a', 100);
  queue.close();
  expect(await waiting).toBeUndefined();
  expect(clock.pending()).toBe(0);
  queue.add('a');
  queue.addAfter('b', 10);
  expect([await queue.take(), queue.depth(), clock.pending()]).toEqual([undefined, 0, 0]);
});

describe('what a watch tells of', () => {
  const versions = ['MCPServer@1', 'ConfigMap@2', 'MCPServer@3'];

  it('is no news where the work ended with it, before or after its end, once each', async () => {
    const { queue } = setUp();
    queue.add('a');
    await queue.take();
    queue.add('a', 'MCPServer@1');
    queue.wrote('a', versions);
    queue.done('a');
    queue.add('a', 'ConfigMap@2');
    queue.add('a', 'MCPServer@3');
    expect(queue.depth()).toBe(0);
    queue.add('a', 'MCPServer@3');
    expect(queue.depth()).toBe(1);
  });

  it.each<[string, readonly string[], (queue: WorkQueue) => void]>([
    [
      'a version of somebody else',
      versions,
      (queue) => {
        queue.add('a', 'MCPServer@2');
      },
    ],
    [
      'a reason that is no version',
      versions,
      (queue) => {
        queue.add('a');
      },
    ],
    ['work that ended without saying what it wrote', [], () => undefined],
  ])('is looked at with %s', async (_title, wrote, also) => {
    const { queue } = setUp();
    queue.add('a');
    await queue.take();
    queue.add('a', 'MCPServer@1');
    queue.wrote('a', wrote);
    also(queue);
    queue.done('a');
    expect(queue.depth()).toBe(1);
  });

  it('is news where the key was forgotten: what was not told of is not waited for', () => {
    const { queue } = setUp();
    queue.wrote('a', versions);
    queue.forget('a');
    queue.add('a', 'MCPServer@1');
    expect(queue.depth()).toBe(1);
  });

  it('of another key is news', () => {
    const { queue } = setUp();
    queue.wrote('a', versions);
    queue.add('b', 'MCPServer@1');
    expect(queue.depth()).toBe(1);
  });

  it('takes nothing from what waits, nor from what was to come later', async () => {
    const { clock, queue } = setUp();
    queue.add('a');
    await queue.take();
    queue.wrote('a', versions);
    queue.addAfter('a', 10);
    queue.done('a');
    queue.add('a', 'MCPServer@1');
    clock.advance(10);
    queue.add('a', 'MCPServer@3');
    expect(await queue.take()).toBe('a');
  });
});

const KEYS = ['a', 'b', 'c'];
const command = fc.oneof(
  fc.record({
    call: fc.constantFrom('add', 'told', 'retry', 'conflict', 'forget', 'finish'),
    key: fc.constantFrom(...KEYS),
  }),
  fc.record({ call: fc.constant('after'), key: fc.constantFrom(...KEYS), ms: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ call: fc.constant('advance'), key: fc.constant('a'), ms: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ call: fc.constant('worker'), key: fc.constant('a') }),
);

it('whatever the order of calls: never one key on two workers, and no key is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      const { clock, queue } = setUp();
      const working = new Set<string>();
      /** Keys that must still come out. */
      const owed = new Set<string>();
      let version = 0;
      const began = (key: string | undefined): void => {
        if (key !== undefined) {
          expect(working.has(key)).toBe(false);
          working.add(key);
          owed.delete(key);
        }
      };
      const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
      for (const { call, key, ...rest } of commands) {
        const ms = 'ms' in rest ? rest.ms : 0;
        switch (call) {
          case 'add':
            owed.add(key);
            queue.add(key);
            break;
          case 'told': // by somebody else
            owed.add(key);
            version += 1;
            queue.add(key, String(version));
            break;
          case 'after':
            owed.add(key);
            queue.addAfter(key, ms);
            break;
          case 'retry':
            owed.add(key);
            queue.retry(key);
            break;
          case 'conflict':
            owed.add(key);
            queue.conflict(key);
            break;
          case 'forget':
            queue.forget(key);
            break;
          case 'advance':
            clock.advance(ms);
            break;
          case 'worker':
            void queue.take().then(began);
            break;
          case 'finish':
            if (working.delete(key)) {
              version += 1;
              queue.wrote(key, [String(version)]);
              queue.add(key, String(version));
              queue.done(key);
            }
        }
        await settle();
      }
      // In the end everything that was asked for comes out.
      clock.advance(5000);
      for (let i = 0; i < 4; i += 1) {
        for (const key of [...working]) {
          working.delete(key);
          queue.done(key);
        }
        while (queue.depth() > 0) {
          began(await queue.take());
        }
        await settle();
      }
      expect([...owed]).toEqual([]);
      queue.close();
    }),
    { numRuns: 200 },
  );
});
