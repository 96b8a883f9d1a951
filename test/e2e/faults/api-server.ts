/** The API server is gone, or slow, or says no; or what lies between it and us is. */
import { refuseAll, resetAll, slow } from '../../support/fault-proxy.ts';
import { eventually } from '../cluster.ts';
import { NOTHING_LOST, suffer, type Fault, type World } from './world.ts';

const WHILE_MS = 2000;

async function aWhile(): Promise<void> {
  const until = performance.now() + WHILE_MS;
  await eventually('it lasts a while', () => Promise.resolve(performance.now() > until));
}

export function apiServerFaults(world: () => World): void {
  const between = (name: string, begin: (world: World) => void): Fault => ({
    name,
    apiServerAnswers: true,
    begin: () => {
      begin(world());
    },
    during: aWhile,
    end: () => {
      world().proxy.interfere(undefined);
      world().proxy.holdWatches(false);
    },
  });

  it.each([
    {
      name: 'the API server is killed and started anew',
      apiServerAnswers: false,
      begin: () => {
        world().cluster.controlPlane.apiServer().kill('SIGKILL');
      },
      end: () => world().cluster.controlPlane.restartApiServer(),
    },
    {
      name: 'etcd is stopped and continued',
      apiServerAnswers: false,
      begin: () => {
        world().cluster.controlPlane.etcd.kill('SIGSTOP');
      },
      during: aWhile,
      end: () => {
        world().cluster.controlPlane.etcd.kill('SIGCONT');
      },
    },
    between('every connection to the API server is reset, and every new one again', ({ proxy }) => {
      proxy.interfere(resetAll);
      proxy.reset();
    }),
    {
      ...between('the API server answers us 429 with Retry-After, and then 500', ({ proxy }) => {
        proxy.interfere(refuseAll(429, 'TooManyRequests', { 'Retry-After': '1' }));
        proxy.reset();
      }),
      during: async () => {
        await aWhile();
        world().proxy.interfere(refuseAll(500, 'InternalError'));
        await aWhile();
      },
    },
    between('the API server takes a second for each of our calls', ({ proxy }) => {
      proxy.interfere(slow(1000));
    }),
    between('watches are stale: they are open and tell nothing', ({ proxy }) => {
      proxy.holdWatches(true);
    }),
  ])('$name', async (fault) => {
    expect(await suffer(world(), fault)).toMatchObject(NOTHING_LOST);
  });
}
