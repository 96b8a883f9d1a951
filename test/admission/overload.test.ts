/** Who is let in when not everybody can be: pure bounds, and what a caller sees of them. */
import request from 'supertest';
import { createBodyRoom } from '../../src/admission/body-room.ts';
import { createInFlight } from '../../src/admission/in-flight.ts';
import { createAdmissionListener } from '../../src/admission/listener.ts';
import { createFairQueue } from '../../src/authorizers/fair-queue.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import type { LogFields } from '../../src/runtime/logger.ts';
import { server } from '../support/objects.ts';
import { until } from '../support/until.ts';

describe('places for requests', () => {
  const enterAll = (inFlight: ReturnType<typeof createInFlight>, namespace: string): number => {
    let entered = 0;
    while (inFlight.enter(namespace, 100) !== undefined) {
      entered += 1;
    }
    return entered;
  };

  it('one namespace gets half, two get a third each, and room is left for those that come', () => {
    const one = createInFlight(30, () => 0);
    expect(enterAll(one, 'noisy')).toBe(15);
    expect(one.enter('quiet', 100)).toBeDefined();
    expect(one.full()).toBe(false);
    const two = createInFlight(30, () => 0);
    let turns = 0;
    while ([two.enter('a', 1), two.enter('b', 1)].some((place) => place !== undefined)) {
      turns += 1;
    }
    expect(turns).toBe(10);
  });

  it('many namespaces fill it', () => {
    const inFlight = createInFlight(10, () => 0);
    for (let count = 0; count < 10; count += 1) {
      expect(inFlight.full()).toBe(false);
      expect(inFlight.enter(`ns-${String(count)}`, 1)).toBeDefined();
    }
    expect(inFlight.full()).toBe(true);
    expect(inFlight.enter('late', 1)).toBeUndefined();
  });

  it('however many namespaces there were, those that hold nothing take no place', () => {
    const inFlight = createInFlight(10, () => 0);
    for (let count = 0; count < 3000; count += 1) {
      inFlight.enter(`ns-${String(count)}`, 1)?.leave();
      inFlight.enter('x'.repeat(100 + (count % 2)), 1)?.leave();
    }
    const held = Array.from({ length: 9 }, (_, count) => inFlight.enter(`ns-${String(count)}`, 1));
    expect(held).not.toContain(undefined);
    expect(inFlight.full()).toBe(false);
    expect(inFlight.enter('ns-2999', 1)).toBeDefined();
    expect(inFlight.full()).toBe(true);
  });

  it('there are more where answers come soon, fewer where they do not, and never none', () => {
    let now = 0;
    const inFlight = createInFlight(100, () => now);
    const fill = (): (() => void)[] => {
      const places = [];
      for (let count = 0; !inFlight.full(); count += 1) {
        places.push(inFlight.enter(`ns-${String(count)}`, 1));
      }
      return places.map((place) => () => place?.leave());
    };
    const round = (milliseconds: number): number => {
      const leaves = fill();
      now += milliseconds;
      leaves.forEach((leave) => {
        leave();
      });
      return leaves.length;
    };
    const sizes = [3000, 3000, 3000, 3000, 10, 10, 10, 10, 10, 10, 10].map(round);
    expect(sizes).toEqual([100, 50, 25, 16, 16, 22, 30, 41, 55, 74, 99]);
  });

  it('where places become fewer, those who hold them wait until they are back, and nobody else does', () => {
    let now = 0;
    const inFlight = createInFlight(100, () => now);
    inFlight.enter('quiet', 1)?.leave(); // has been here before
    const noisy = Array.from({ length: 50 }, () => inFlight.enter('noisy', 1));
    now = 3000;
    noisy[0]?.leave(); // slow: there are 50 places from now on, and 49 of them are taken
    noisy[1]?.leave();
    expect(inFlight.enter('noisy', 1)).toBeUndefined();
    now = 6000;
    noisy[2]?.leave(); // 25, of which 47 are taken
    expect(inFlight.full()).toBe(false);
    expect(inFlight.enter('quiet', 1)).toBeDefined();
    expect(inFlight.enter('quiet', 1)).toBeUndefined(); // one, until there is room again
    expect(inFlight.enter('another', 1)).toBeDefined();
    expect(inFlight.enter('a third', 1)).toBeDefined();
    expect(inFlight.full()).toBe(true); // as many as before it became fewer
    noisy.slice(3).forEach((place) => {
      place?.leave();
    });
    expect([enterAll(inFlight, 'noisy'), inFlight.full()]).toEqual([11, false]);
    let others = 0;
    for (; !inFlight.full(); others += 1) {
      inFlight.enter(`ns-${String(others)}`, 1);
    }
    expect(others).toBe(25 - 3 - 11); // the places of before are gone
  });

  it('bytes are shared out, too, and a large body is let in where there is any room', () => {
    const inFlight = createInFlight(100, () => 0);
    const large = 8 * 1024 * 1024;
    const places = Array.from({ length: 4 }, () => inFlight.enter('a', large));
    expect(places).not.toContain(undefined);
    expect(inFlight.enter('a', 1)).toBeUndefined();
    expect(inFlight.enter('b', large)).toBeDefined();
    places[0]?.leave();
    expect(inFlight.enter('a', 1)).toBeDefined();
  });
});

it('where bodies need more room than there is, the oldest goes', () => {
  const room = createBodyRoom(100);
  const dropped: string[] = [];
  const bodies = ['first', 'second', 'third'].map((name) => room.open(() => dropped.push(name)));
  bodies.forEach((body) => {
    body.received(30);
  });
  bodies[2]?.received(20);
  expect(dropped).toEqual(['first']);
  bodies[1]?.close();
  bodies[2]?.received(50);
  expect(dropped).toEqual(['first']);
  bodies[2]?.received(1);
  expect(dropped).toEqual(['first', 'third']);
});

it('analyses take turns by whom they are for', () => {
  const queue = createFairQueue<string>();
  ['a1', 'a2', 'a3'].forEach((item) => {
    queue.push('a', item);
  });
  queue.push('b', 'b1');
  const all = (): boolean => true;
  expect([queue.shift(all), queue.shift(all), queue.shift((flow) => flow !== 'a')]).toEqual(['a1', 'b1', undefined]);
  expect([queue.shift(all), queue.shift(all), queue.shift(all)]).toEqual(['a2', 'a3', undefined]);
});

it('429 with Retry-After for one request of a namespace too many, others are answered, and all is told once', async () => {
  const lines: [string, LogFields | undefined][] = [];
  const log = (message: string, fields?: LogFields): void => void lines.push([message, fields]);
  const held: (() => void)[] = [];
  const metrics = createMetrics();
  const listener = createAdmissionListener({
    validate: ({ uid }) =>
      new Promise((resolve) => {
        held.push(() => {
          resolve({ kind: 'response', response: { uid, allowed: true }, findings: [], failures: [] });
        });
      }),
    mutate: () => Promise.reject(new Error('not asked')),
    logger: { debug: log, info: log, warn: log, error: log },
    metrics,
    clock: () => 0,
    maxInFlight: 4,
  });
  const ask = (namespace: string): request.Test =>
    request(listener)
      .post('/validate')
      .send({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: { uid: `of-${namespace}`, namespace, operation: 'CREATE', object: server() },
      });
  const first = [ask('noisy'), ask('noisy')].map((test) => test.then((response) => response.status));
  await until('both are in flight', () => held.length === 2);
  const refused = [await ask('noisy'), await ask('noisy')];
  expect(refused.map(({ status }) => status)).toEqual([429, 429]);
  expect(refused[0]?.headers['retry-after']).toBe('1');
  expect(refused[0]?.body).toMatchObject({
    response: { uid: 'of-noisy', allowed: false, status: { code: 429, reason: 'TooManyRequests' } },
  });
  const other = ask('quiet').then((response) => response.status);
  await until('the other one is let in', () => held.length === 3);
  held.forEach((answer) => {
    answer();
  });
  expect(await Promise.all([...first, other])).toEqual([200, 200, 200]);
  expect(lines.filter(([message]) => message === 'too many requests at a time')).toHaveLength(1);
  expect(await metrics.registry.metrics()).toContain('mcp_authz_admission_shed_total{bound="namespace"} 2');
});

it('what is answered at once takes no place from others of its turn', async () => {
  const quiet = (): void => undefined;
  const listener = createAdmissionListener({
    validate: ({ uid }) => ({ kind: 'response', response: { uid, allowed: true }, findings: [], failures: [] }),
    mutate: () => Promise.reject(new Error('not asked')),
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    metrics: createMetrics(),
    clock: () => 0,
    maxInFlight: 2,
  });
  const uid = 'u';
  const review = { uid, namespace: 'ns', operation: 'CREATE', object: server() };
  const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: review };
  const statuses = Array.from(
    { length: 12 },
    async () => (await request(listener).post('/validate').send(body)).status,
  );
  expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
});
