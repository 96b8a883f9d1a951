/** Beside ToolHive's own operator: nobody fights, and our verdict is there all the same. */
import { at } from '../../src/api/json.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { adminApi, conditionOf, inParallel, metric, type Api } from './api.ts';
import { eventually, sharedCluster } from './cluster.ts';
import { config, KINDS, POLICY, workload } from './objects.ts';
import { OPERATOR, startOperator } from './operator.ts';

/** Not asked about by our webhooks, so that a config can be stored that only the strict verdict finds wrong. */
const NAMESPACE = 'kube-node-lease';
const CONFIGS = 'mcpauthzconfigs';
const TWO_IN_ONE = `${POLICY} forbid(principal, action, resource);`;
const QUIET_MS = 60_000;

let api: Api;
beforeAll(() => {
  api = adminApi();
});
afterAll(() => {
  api.close();
});

async function everything(): Promise<readonly KubernetesObject[]> {
  const lists = await Promise.all(
    [CONFIGS, ...KINDS.map(({ resource }) => resource)].map((resource) => api.list(NAMESPACE, resource)),
  );
  return lists.flat();
}

async function versions(): Promise<string> {
  return (await everything())
    .map(({ kind, metadata }) => `${kind}/${metadata.name ?? ''}@${metadata.resourceVersion ?? ''}`)
    .sort()
    .join('\n');
}

const writes = (): Promise<number> => metric(sharedCluster().healthPort, 'mcp_authz_loop_writes_total');

it('S13: a writer that rewrites the whole list from an older copy does not silence our verdict', async () => {
  const older = (object: KubernetesObject | undefined): readonly object[] =>
    ((at(object, 'status', 'conditions') ?? []) as readonly Record<string, unknown>[]).map((each) =>
      each['type'] === 'PolicyVerified'
        ? { ...each, status: 'True', reason: 'Older', message: 'an older copy', observedGeneration: 99 }
        : each,
    );
  const rewrite = async (resource: string): Promise<void> => {
    const conditions = older(await api.get(NAMESPACE, resource, 'rewritten'));
    await api.patch(NAMESPACE, resource, 'rewritten', { status: { conditions } }, OPERATOR, '/status');
  };
  const refuted = (resource: string): Promise<void> =>
    eventually(`our verdict about ${resource}`, async () => {
      const verdict = conditionOf(await api.get(NAMESPACE, resource, 'rewritten'), 'PolicyVerified');
      return verdict?.['status'] === 'False' && verdict['reason'] !== 'Older';
    });
  const foreign = (type: string): object => {
    const lastTransitionTime = '2026-11-24T00:00:00Z';
    return { status: { conditions: [{ type, status: 'True', reason: 'Said', message: 'said', lastTransitionTime }] } };
  };
  await api.create(NAMESPACE, CONFIGS, config('rewritten', [TWO_IN_ONE]));
  await api.create(
    NAMESPACE,
    'mcpservers',
    workload('MCPServer', 'rewritten', { authzConfigRef: { name: 'rewritten' } }),
  );
  await api.patch(NAMESPACE, CONFIGS, 'rewritten', foreign('Valid'), OPERATOR, '/status');
  await api.patch(NAMESPACE, 'mcpservers', 'rewritten', foreign('AuthzConfigRefValidated'), OPERATOR, '/status');
  for (const resource of [CONFIGS, 'mcpservers']) {
    await refuted(resource);
    await rewrite(resource);
    await refuted(resource);
  }
  await rewrite('mcpservers');
  await api.patch(NAMESPACE, 'mcpservers', 'rewritten', { spec: { authzConfigRef: null } });
  await eventually('the condition goes with the reference', async () => {
    const object = await api.get(NAMESPACE, 'mcpservers', 'rewritten');
    return object !== undefined && conditionOf(object, 'PolicyVerified') === undefined;
  });
  await api.remove(NAMESPACE, 'mcpservers', 'rewritten');
  await api.remove(NAMESPACE, CONFIGS, 'rewritten');
});

it('S13: after both have settled neither writes for 60 s, whoever came first', async () => {
  const names = Array.from({ length: 5 }, (_, i) => String(i));
  const make = async (prefix: string): Promise<void> => {
    await inParallel(names, 5, async (i) => {
      await api.create(NAMESPACE, CONFIGS, config(`${prefix}-${i}`, [i === '0' ? TWO_IN_ONE : POLICY]));
      for (const { kind, resource } of KINDS) {
        const reference = { authzConfigRef: { name: `${prefix}-${i}` } };
        await api.create(NAMESPACE, resource, workload(kind, `${prefix}-${i}`, reference));
      }
    });
  };
  await make('ours'); // written by us alone, then taken over
  await eventually('we have written', async () =>
    (await everything()).every((object) => at(object, 'status', 'conditions') !== undefined),
  );
  const operator = startOperator(api, NAMESPACE);
  try {
    await make('theirs');
    await inParallel(names, 5, async (i) => {
      for (const prefix of ['ours', 'theirs']) {
        await api.patch(NAMESPACE, CONFIGS, `${prefix}-${i}`, { spec: { config: { policies: [POLICY, POLICY] } } });
        await api.patch(NAMESPACE, 'mcpservers', `${prefix}-${i}`, { metadata: { labels: { touched: 'yes' } } });
      }
    });
    for (const prefix of ['ours', 'theirs']) {
      await api.patch(NAMESPACE, CONFIGS, `${prefix}-0`, { spec: { config: { policies: [TWO_IN_ONE] } } });
    }
    await eventually('our strict verdict stands beside theirs', async () => {
      const both = await Promise.all(['ours-0', 'theirs-0'].map((name) => api.get(NAMESPACE, CONFIGS, name)));
      return both.every(
        (object) =>
          conditionOf(object, 'Valid')?.['status'] === 'True' &&
          conditionOf(object, 'PolicyVerified')?.['status'] === 'False',
      );
    });
    let before = '';
    let last = NaN;
    await eventually('both have settled', async () => {
      const [now, count] = [await versions(), await writes()];
      const settled = now === before && count === last;
      [before, last] = [now, count];
      await new Promise((resolve) => setTimeout(resolve, 3000));
      return settled && now === (await versions());
    });
    const [theirs, started] = [operator.writes(), performance.now()];
    await eventually('60 s are over', () => Promise.resolve(performance.now() - started > QUIET_MS), QUIET_MS + 5000);
    expect(await writes()).toBe(last);
    expect(operator.writes()).toBe(theirs);
    expect(await versions()).toBe(before);
  } finally {
    await operator.stop();
  }
  for (const { resource } of KINDS) {
    await inParallel(await api.list(NAMESPACE, resource), 5, ({ metadata }) =>
      api.remove(NAMESPACE, resource, metadata.name ?? ''),
    );
  }
});
