/** Who leads, and above all who does not any more. Time is in our hands; the Lease is kept by a real HTTP server. */
import { createLeadership, type Leadership } from '../../src/kube/lease.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { answer, neverAnswer, status } from '../support/fault-server.ts';
import { createTestLog } from '../support/log.ts';
import { startObjectServer, type ObjectServer } from '../support/object-server.ts';
import { until } from '../support/until.ts';

const COLLECTION = '/apis/coordination.k8s.io/v1/namespaces/ns/leases';
const PATH = `${COLLECTION}/loop`;

interface Replica {
  readonly leadership: Leadership;
  readonly clock: FakeClock;
  /** What `lead` lived through. */
  readonly log: readonly string[];
  readonly stop: () => Promise<void>;
}

let server: ObjectServer;
const replicas: Replica[] = [];

beforeEach(async () => {
  server = await startObjectServer();
});
afterEach(async () => {
  const all = replicas.splice(0);
  const ends = all.map((each) => each.stop());
  await quiet();
  for (const { clock } of all) {
    clock.advance(20_000); // work that does not end is not waited for any longer
  }
  await Promise.all(ends);
  await server.close();
});

type Lead = (signal: AbortSignal) => Promise<void>;

const untilAborted: Lead = (signal) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });

function start(identity: string, lead: Lead = untilAborted): Replica {
  const clock = createFakeClock(0);
  const log: string[] = [];
  const leadership = createLeadership({
    ...{ client: server.client, namespace: 'ns', name: 'loop', identity, clock },
    logger: createTestLog().logger,
    metrics: { leading: (leading) => log.push(leading ? 'leads' : 'follows') },
    wallClock: () => new Date(Date.UTC(2026, 0, 1) + clock.now()),
  });
  const controller = new AbortController();
  const end = leadership.run(controller.signal, async (signal) => {
    log.push('begins');
    signal.addEventListener('abort', () => log.push('aborted'));
    await lead(signal);
    log.push('ended');
  });
  const replica = {
    ...{ leadership, clock, log },
    stop: () => {
      controller.abort();
      return end;
    },
  };
  replicas.push(replica);
  return replica;
}

const spec = (): Record<string, unknown> => (server.objects.get(PATH)?.['spec'] ?? {}) as Record<string, unknown>;

async function leads(replica: Replica): Promise<void> {
  await until('it leads', () => replica.leadership.isLeader() && replica.log.at(-1) === 'begins');
}

/** Lets `ms` pass in steps of half a second, each long enough for the answers to come. */
async function pass(ms: number, ...clocks: readonly FakeClock[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    for (const clock of clocks) {
      clock.advance(500);
    }
    await quiet();
  }
}

/** Until no request has come for a few rounds of the event loop. */
async function quiet(): Promise<void> {
  let last = -1;
  for (let same = 0; same < 5;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    same = server.received.length === last ? same + 1 : 0;
    last = server.received.length;
  }
}

it('the first one takes the lease, in the words of client-go, and renews it', async () => {
  const one = start('one');
  await leads(one);
  expect(spec()).toEqual({
    holderIdentity: 'one',
    leaseDurationSeconds: 15,
    renewTime: '2026-01-01T00:00:00.000000Z',
    acquireTime: '2026-01-01T00:00:00.000000Z',
    leaseTransitions: 0,
  });
  await pass(60_000, one.clock);
  expect(one.leadership.isLeader()).toBe(true);
  expect(spec()).toMatchObject({
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:01:00.000000Z',
  });
  expect(one.log).toEqual(['leads', 'begins']);
  expect(server.received.filter(({ method }) => method === 'GET')).toHaveLength(1);
});

it('a second one waits until it has seen no renewal for the lease duration, by its own clock', async () => {
  const one = start('one');
  await leads(one);
  const two = start('two');
  await pass(30_000, one.clock, two.clock);
  expect([one.leadership.isLeader(), two.leadership.isLeader()]).toEqual([true, false]);
  const renewed = spec()['renewTime'];
  // One stands still; two's time goes on.
  await pass(14_000, two.clock);
  expect([spec()['holderIdentity'], spec()['renewTime']]).toEqual(['one', renewed]);
  await pass(2000, two.clock);
  await leads(two);
  expect(spec()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
});

it('a leader that was frozen knows at once, at the first question, before any timer', async () => {
  const one = start('one');
  await leads(one);
  one.clock.freeze(9999);
  expect(one.leadership.isLeader()).toBe(true);
  one.clock.freeze(1);
  expect(one.leadership.isLeader()).toBe(false);
  expect(one.log).toEqual(['leads', 'begins', 'follows', 'aborted']);
});

it('a leader that cannot renew stops before anybody else may start', async () => {
  const one = start('one');
  await leads(one);
  server.next('PUT', ...Array.from({ length: 50 }, () => answer(500, status(500, 'InternalError', 'no'))));
  await pass(9500, one.clock);
  expect(one.leadership.isLeader()).toBe(true);
  await pass(500, one.clock);
  expect(one.leadership.isLeader()).toBe(false);
  expect(one.log).toEqual(['leads', 'begins', 'follows', 'aborted', 'ended']);
});

it('a renewal that is never answered is given up in time for another', async () => {
  const one = start('one');
  await leads(one);
  server.next('PUT', neverAnswer);
  await pass(20_000, one.clock);
  expect(one.log).toEqual(['leads', 'begins']);
  expect(one.leadership.isLeader()).toBe(true);
});

it('somebody else has it: leadership ends at the next look', async () => {
  const one = start('one');
  await leads(one);
  const lease = server.objects.get(PATH) ?? {};
  const metadata = { ...(lease['metadata'] as object), resourceVersion: 'other' };
  server.objects.set(PATH, { ...lease, metadata, spec: { ...spec(), holderIdentity: 'thief' } });
  await pass(2000, one.clock);
  expect(one.log).toEqual(['leads', 'begins', 'follows', 'aborted', 'ended']);
  expect(spec()['holderIdentity']).toBe('thief');
});

it.each([
  [
    'edited',
    (lease: object) => server.objects.set(PATH, { ...lease, metadata: { name: 'loop', resourceVersion: 'x' } }),
  ],
  ['deleted', () => server.objects.delete(PATH)],
])('a Lease that was %s under its holder stays with it', async (_title, change) => {
  const one = start('one');
  await leads(one);
  change(server.objects.get(PATH) ?? {});
  await pass(4000, one.clock);
  expect(one.log).toEqual(['leads', 'begins']);
  expect(spec()).toMatchObject({ holderIdentity: 'one', leaseTransitions: 0 });
});

it('on stop the work ends first, then the lease is given back, and the next one need not wait', async () => {
  const one = start('one');
  await leads(one);
  const two = start('two');
  await pass(3000, one.clock, two.clock);
  await one.stop();
  expect(one.log).toEqual(['leads', 'begins', 'aborted', 'ended', 'follows']);
  expect(spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
  await pass(2000, two.clock);
  await leads(two);
  expect(one.clock.pending()).toBe(0);
});

it('work that does not end keeps the lease from being given back, and does not keep us from ending', async () => {
  const one = start('one', () => new Promise(() => undefined));
  await leads(one);
  const stopped = one.stop();
  await quiet();
  one.clock.advance(10_000);
  await stopped;
  expect(spec()['holderIdentity']).toBe('one');
});

it('work that goes on after leadership was lost keeps us from leading again', async () => {
  let finish = (): void => undefined;
  const one = start('one', () => new Promise((resolve) => (finish = resolve)));
  await leads(one);
  server.next('PUT', ...Array.from({ length: 40 }, () => answer(500, status(500, 'InternalError', 'no'))));
  await pass(10_000, one.clock);
  expect(one.log).toEqual(['leads', 'begins', 'follows', 'aborted']);
  const asked = server.received.length;
  await pass(60_000, one.clock);
  expect(server.received).toHaveLength(asked);
  finish();
  await until('its work ended', () => one.log.at(-1) === 'ended');
  await pass(60_000, one.clock);
  expect(one.log.slice(5)).toEqual(['leads', 'begins']);
});

it('work that fails gives the lease back and gets another chance', async () => {
  let tries = 0;
  const one = start('one', async (signal) => {
    tries += 1;
    if (tries === 1) {
      throw new Error('broken');
    }
    await untilAborted(signal);
  });
  await until('the lease is given back', () => spec()['holderIdentity'] === '');
  await pass(2500, one.clock);
  expect(one.log).toEqual(['leads', 'begins', 'aborted', 'follows', 'leads', 'begins']);
  expect(spec()).toMatchObject({ holderIdentity: 'one', leaseTransitions: 1 });
});

it('of several that see it free at the same time, one gets it', async () => {
  const all = Array.from({ length: 8 }, (_, i) => start(`replica-${String(i)}`));
  await until('somebody leads', () => all.some(({ leadership }) => leadership.isLeader()));
  await quiet();
  expect(all.filter(({ leadership }) => leadership.isLeader())).toHaveLength(1);
});
