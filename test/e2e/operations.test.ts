/** What an operator sees of the server that the other tests drive: health, metrics, log. */
import { readFileSync } from 'node:fs';
import { apply, applied, eventually, kubectl, makeNamespace, sharedCluster } from './cluster.ts';
import { config, INLINE, REFERENCE, workload } from './objects.ts';

/** In every policy here and in no name of any test, for the log is that of all of them. */
const MARKER = 'only-policies-say-this';
const POLICY = `permit(principal, action == Action::"call_tool", resource == Tool::"${MARKER}");`;

const base = (): string => `http://127.0.0.1:${String(sharedCluster().healthPort)}`;

it('is alive and ready, part by part', async () => {
  expect(await (await fetch(`${base()}/livez`)).text()).toBe('ok\n');
  await eventually('ready', async () => (await fetch(`${base()}/readyz`)).status === 200);
  expect(await (await fetch(`${base()}/readyz?verbose`)).text()).toBe(
    '[+]certificate ok\n[+]caches ok\n[+]listener ok\n[+]loop ok\nok\n',
  );
  expect((await fetch(`${base()}/nothing`)).status).toBe(404);
});

it('counts what it decides and logs one JSON line for each, without policy text', async () => {
  const namespace = await makeNamespace();
  const { logFile } = sharedCluster();
  await applied(namespace, config('shared', [POLICY]), workload('MCPServer', 'one', REFERENCE));
  await apply(
    namespace,
    config('bad', [`${POLICY} ${POLICY}`]),
    workload('MCPServer', 'two', { ...INLINE, ...REFERENCE }),
  );
  const lines = (): string[] => readFileSync(logFile, 'utf8').trim().split('\n');
  const mine = (): Record<string, unknown>[] =>
    lines()
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((entry) => entry['namespace'] === namespace);
  await eventually('the refusal is logged', () =>
    Promise.resolve(mine().some(({ decision }) => decision === 'denied')),
  );
  expect(mine().filter(({ webhook }) => webhook === 'validate')).toEqual([
    expect.objectContaining({
      message: 'admission',
      kind: 'MCPAuthzConfig',
      name: 'shared',
      decision: 'allowed',
      code: 200,
    }),
    expect.objectContaining({ message: 'admission', kind: 'MCPServer', name: 'one', decision: 'allowed', code: 200 }),
    expect.objectContaining({
      kind: 'MCPAuthzConfig',
      name: 'bad',
      decision: 'denied',
      code: 422,
      reasons: ['deny:authz-config:PolicySeveral'],
    }),
  ]);
  expect(lines().filter((line) => line.includes(MARKER))).toEqual([]);
  const metrics = await (await fetch(`${base()}/metrics`)).text();
  expect(metrics).toMatch(
    /mcp_authz_admission_requests_total\{webhook="validate",operation="CREATE",kind="MCPAuthzConfig",decision="denied",code="422"\} \d/,
  );
  expect(metrics).toMatch(/mcp_authz_admission_duration_seconds_bucket\{le="5",webhook="mutate"\} \d/);
  expect(metrics).toMatch(
    /mcp_authz_certificate_expiry_timestamp_seconds 1\.\d+e\+?09|mcp_authz_certificate_expiry_timestamp_seconds \d{10}/,
  );
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
});
