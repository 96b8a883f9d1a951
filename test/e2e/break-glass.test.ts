/** Who may break the glass, on the real API server, with its own authorizer. */
import { at } from '../../src/api/json.ts';
import { BREAK_GLASS_ANNOTATION } from '../../src/api/names.ts';
import { must } from '../../src/cli/playground/environment.ts';
import { adminApi, metric, type Api } from './api.ts';
import { applied, eventually, kubectl, makeNamespace, sharedCluster } from './cluster.ts';
import { config, REFERENCE, workload } from './objects.ts';

const CONFIGS = 'mcpauthzconfigs';
let api: Api;
let namespace: string;

/** alice may delete configs; bob may also break the glass. */
beforeAll(async () => {
  api = adminApi();
  namespace = await makeNamespace();
  for (const [user, verbs] of [
    ['alice', 'get,list,watch,delete,patch'],
    ['bob', 'get,list,watch,delete,patch,bypass'],
  ] as const) {
    const resource = 'mcpauthzconfigs.toolhive.stacklok.dev';
    await must(kubectl, ['create', 'role', user, '-n', namespace, `--verb=${verbs}`, `--resource=${resource}`]);
    await must(kubectl, ['create', 'rolebinding', user, '-n', namespace, `--role=${user}`, `--user=${user}`]);
  }
  await applied(namespace, config('shared'), workload('MCPServer', 'user', REFERENCE));
});
afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  api.close();
});

const remove = (user: string): ReturnType<typeof kubectl> =>
  kubectl(['delete', CONFIGS, 'shared', '-n', namespace, `--as=${user}`, '--timeout=30s']);
const annotate = (text: string): Promise<string> =>
  must(kubectl, ['annotate', '--overwrite', CONFIGS, 'shared', '-n', namespace, `${BREAK_GLASS_ANNOTATION}=${text}`]);
const inAnHour = (): string => new Date(Date.now() + 3600_000).toISOString();

it('is refused to who lacks the verb, and after its time, each with a message that says so', async () => {
  expect((await remove('bob')).stderr).toContain('is in use by 1 workload');
  await annotate(`${inAnHour()} INC-1 the operator is stuck`);
  const forbidden = await remove('alice');
  expect([forbidden.code, forbidden.stderr]).toEqual([
    1,
    expect.stringContaining('user "alice" is not granted the verb "bypass" on mcpauthzconfigs'),
  ]);
  await annotate('2026-01-01T00:00:00Z INC-1 the operator is stuck');
  const expired = await remove('bob');
  expect([expired.code, expired.stderr]).toEqual([
    1,
    expect.stringContaining('The break-glass annotation is not honoured: it expired at 2026-01-01T00:00:00Z.'),
  ]);
});

it('lets who has it delete the config, and leaves an event and a count', async () => {
  const { healthPort } = sharedCluster();
  const count = await metric(healthPort, 'mcp_authz_break_glass_total');
  await annotate(`${inAnHour()} INC-1 the operator is stuck`);
  const dry = await kubectl(['delete', CONFIGS, 'shared', '-n', namespace, '--as=bob', '--dry-run=server']);
  expect([dry.code, await metric(healthPort, 'mcp_authz_break_glass_total')]).toEqual([0, count]);
  const { code, stderr } = await remove('bob');
  expect([code, stderr]).toEqual([0, '']);
  expect(await metric(healthPort, 'mcp_authz_break_glass_total')).toBe(count + 1);
  expect(await api.get(namespace, CONFIGS, 'shared')).toBeUndefined();
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  await eventually('the event', async () => {
    const items = at(await api.client.request({ method: 'GET', path }), 'items');
    const notes = (Array.isArray(items) ? items : []).map((item: unknown) => at(item, 'note'));
    return notes.includes(
      'deleted by break-glass (INC-1 the operator is stuck) while still referenced by workloads: [{MCPServer user}]',
    );
  });
});
