/** "Create a reference" against "delete the config", at the same time, on the real API server. */
import { MISSING_REFERENCE_LABEL } from '../../src/api/names.ts';
import { authorizationOf } from '../../src/api/toolhive.ts';
import { adminApi, inParallel, type Api } from './api.ts';
import { eventually, kubectl, makeNamespace } from './cluster.ts';
import { config, KINDS, workload } from './objects.ts';

const PAIRS = 600;
/** The grace that the shared server was started with: the race is only bounded while admission is faster than that. */
const GRACE_MS = 5000;
const CONFIGS = 'mcpauthzconfigs';

let api: Api;
beforeAll(() => {
  api = adminApi();
});
afterAll(() => {
  api.close();
});

interface Tally {
  stored: number;
  refused: number;
  deleted: number;
  kept: number;
  slowestMs: number;
}

async function timed(tally: Tally, call: () => Promise<unknown>): Promise<boolean> {
  const started = performance.now();
  const done = await call().then(
    () => true,
    () => false,
  );
  tally.slowestMs = Math.max(tally.slowestMs, performance.now() - started);
  return done;
}

it(`of ${String(PAIRS)} pairs none leaves a workload that names a config that is gone`, async () => {
  // Without this a reference to what does not exist (any more) is let in with a warning, as configured.
  const namespace = await makeNamespace({ [MISSING_REFERENCE_LABEL]: 'Deny' });
  const tally: Tally = { stored: 0, refused: 0, deleted: 0, kept: 0, slowestMs: 0 };
  const pairs = Array.from({ length: PAIRS }, (_, i) => i);
  await inParallel(pairs, 12, async (i) => {
    const name = `c${String(i)}`;
    const { kind, resource } = KINDS[i % KINDS.length] ?? KINDS[0];
    const object = workload(kind, `w${String(i)}`, { authzConfigRef: { name } });
    await api.create(namespace, CONFIGS, config(name));
    // Both at once, one or the other a little earlier: 0 to 8 ms.
    const head = (i % 9) - 4;
    const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
    const [stored, deleted] = await Promise.all([
      later(head).then(() => timed(tally, () => api.create(namespace, resource, object))),
      later(-head).then(() => timed(tally, () => api.remove(namespace, CONFIGS, name))),
    ]);
    tally[stored ? 'stored' : 'refused'] += 1;
    tally[deleted ? 'deleted' : 'kept'] += 1;
  });
  process.stderr.write(`${JSON.stringify(tally)}\n`);
  expect(tally.slowestMs).toBeLessThan(GRACE_MS);
  // Both orders happened, or nothing was raced.
  expect(Math.min(tally.stored, tally.refused, tally.deleted, tally.kept)).toBeGreaterThan(0);

  // What is neither referred to nor held any more goes; what is referred to stays.
  const missing = async (): Promise<readonly string[]> => {
    const configs = new Set((await api.list(namespace, CONFIGS)).map(({ metadata }) => metadata.name));
    const lists = await Promise.all(KINDS.map(({ resource }) => api.list(namespace, resource)));
    return lists
      .flat()
      .filter((object) => !configs.has(authorizationOf(object).reference))
      .map(({ metadata }) => metadata.name ?? '');
  };
  await eventually('every config without a workload is gone', async () => {
    const lists = await Promise.all(KINDS.map(({ resource }) => api.list(namespace, resource)));
    const used = new Set(lists.flat().map((object) => authorizationOf(object).reference));
    return (await api.list(namespace, CONFIGS)).every(
      ({ metadata }) => metadata.deletionTimestamp === undefined || used.has(metadata.name),
    );
  });
  expect(await missing()).toEqual([]);
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
});
