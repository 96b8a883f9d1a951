/** The load measures what it says: otherwise every figure of the benchmark is wrong in the same way. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { issueCertificates, type Certificates } from './certificates.ts';
import { createIdle } from './load/idle.ts';
import { latencyOf, median } from './load/percentiles.ts';
import { runLoad } from './load/run.ts';
import type { Target } from './load/task.ts';
import { reviewsOf } from './reviews.ts';

describe('latencyOf', () => {
  it('takes the smallest value that so large a part does not exceed', () => {
    const samples = Float64Array.from({ length: 1000 }, (_, index) => 1000 - index);
    expect(latencyOf(samples)).toEqual({ mean: 500.5, p50: 500, p90: 900, p99: 990, p999: 999, max: 1000 });
  });

  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('the median of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe('createIdle', () => {
  const LONG = 30;

  it('waits until then', () => {
    const due = performance.now() + 5;
    createIdle()(due);
    expect(performance.now()).toBeGreaterThanOrEqual(due);
  });

  it.each([
    ['has young objects collected every fiftieth time', LONG, 2],
    ['and only where there is time for it', 0, 0],
  ])('%s', (_what, fiftieth, expected) => {
    let collections = 0;
    const idleUntil = createIdle(() => {
      collections += 1;
    });
    for (let request = 1; request <= 100; request += 1) {
      idleUntil(performance.now() + (request % 50 === 0 ? fiftieth : 0));
    }
    expect(collections).toBe(expected);
  });
});

describe('reviewsOf', () => {
  it.each([
    [2000, 'inline'],
    [20_000, 'kept-reference'],
    [200_000, 'new-reference'],
  ] as const)('makes different reviews of about %d bytes: %s', (bytes, kind) => {
    const reviews = reviewsOf(kind, bytes, 3);
    expect(new Set(reviews).size).toBe(3);
    expect(reviews.every((review) => Math.abs(review.length - bytes) <= 100)).toBe(true);
  });
});

it.each([
  ['inline', 0],
  ['kept-reference', 2],
  ['new-reference', 1],
] as const)('a review of the kind %s names the config in %d of its objects', (kind, count) => {
  const [review = ''] = reviewsOf(kind, 2000, 1);
  expect(review.match(/"authzConfigRef":\{"name":"shared"\}/g) ?? []).toHaveLength(count);
});

describe('runLoad', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-authz-load-'));
  let certificates: Certificates;

  beforeAll(async () => {
    certificates = await issueCertificates(folder);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function against<T>(
    listener: RequestListener,
    use: (target: Target, opened: readonly Socket[]) => Promise<T>,
  ): Promise<T> {
    const { ca, certFile, keyFile } = certificates;
    const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, listener);
    const opened: Socket[] = [];
    server.on('secureConnection', (socket) => opened.push(socket));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    try {
      return await use({ port: (server.address() as AddressInfo).port, path: '/validate', ca }, opened);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const answer = (response: ServerResponse, allowed = true): void => {
    const body = JSON.stringify({ response: { allowed } });
    response.writeHead(200, { 'Content-Length': body.length }).end(body);
  };
  const task = { review: 'inline', bytes: 2000, connections: 2 } as const;

  it('charges a stall to everybody who would have been served meanwhile', async () => {
    const stalled: ServerResponse[] = [];
    let over = false;
    const result = await against(
      (request, response) => {
        request.resume();
        if (over) {
          answer(response);
          return;
        }
        // Both connections in the end: nothing more can be sent until they are answered.
        if (stalled.push(response) === 1) {
          setTimeout(() => {
            over = true;
            stalled.forEach((each) => {
              answer(each);
            });
          }, 400);
        }
      },
      (target) => runLoad({ ...task, target, mode: 'at rate', perSecond: 100, seconds: 0.3 }),
    );
    expect(result.requests).toBe(30);
    expect(result.failed).toBe(0);
    // Thirty were due within the stall. A client that counts from sending would have seen two that are slow.
    expect(result.latency.p50).toBeGreaterThan(200);
  });

  it('notes every answer that is not the one that is measured', async () => {
    let asked = 0;
    const result = await against(
      (request, response) => {
        request.resume();
        asked += 1;
        answer(response, asked % 2 === 0);
      },
      (target) => runLoad({ ...task, target, mode: 'at rate', perSecond: 100, seconds: 0.1 }),
    );
    expect(result.failed).toBe(5);
    expect(result.failures).toEqual(['HTTP 200 {"response":{"allowed":false}}']);
  });

  it.each([
    ['keeps its connections from one load to the next', undefined, 2],
    ['opens others where the server says that it closes them by then', 1, 4],
  ])('%s', async (_title, timeout, count) => {
    await against(
      (request, response) => {
        request.resume();
        if (timeout !== undefined) {
          response.setHeader('Keep-Alive', `timeout=${String(timeout)}`);
        }
        answer(response);
      },
      async (target, opened) => {
        const flatOut = await runLoad({ ...task, target, mode: 'flat out', seconds: 0.1 });
        expect(flatOut).toMatchObject({ failed: 0 });
        expect(flatOut.requests).toBeGreaterThan(10);
        const atRate = await runLoad({ ...task, target, mode: 'at rate', perSecond: 100, seconds: 0.1 });
        expect(atRate).toMatchObject({ requests: 10, failed: 0 });
        expect(opened).toHaveLength(count);
      },
    );
  });

  it('opens others where the server has closed those that it kept', async () => {
    await against(
      (request, response) => {
        request.resume();
        answer(response);
      },
      async (target, opened) => {
        const load = { ...task, target, mode: 'at rate', perSecond: 100, seconds: 0.1 } as const;
        await runLoad(load);
        await Promise.all(opened.map((socket) => once(socket.end(), 'close')));
        expect(await runLoad(load)).toMatchObject({ requests: 10, failed: 0 });
        expect(opened).toHaveLength(4);
      },
    );
  });

  it('goes on over another connection where the server wants that', async () => {
    const sockets = new Set<unknown>();
    const result = await against(
      (request, response) => {
        request.resume();
        sockets.add(request.socket);
        response.shouldKeepAlive = false;
        answer(response);
      },
      (target) => runLoad({ ...task, target, mode: 'at rate', perSecond: 100, seconds: 0.1 }),
    );
    expect(result).toMatchObject({ requests: 10, failed: 0 });
    expect(sockets.size).toBe(10);
  });
});
