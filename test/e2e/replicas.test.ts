/** Two replicas of `serve`: one loops, both answer; and what happens when the one that loops dies or freezes. */
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProcess } from '../../src/cli/playground/environment.ts';
import { adminApi, metric, type Api } from './api.ts';
import { applied, eventually, kubectl, makeNamespace, sharedCluster } from './cluster.ts';
import { config, POLICY, REFERENCE, workload } from './objects.ts';
import { allowLease, startLoop } from './second-loop.ts';

const LEASE = 'replicas';
/** What the issue asks of a change of leaders. */
const WITHIN_MS = 20_000;

let api: Api;
const started: ServerProcess[] = [];
beforeAll(async () => {
  api = adminApi();
  await allowLease(LEASE);
});
afterAll(async () => {
  api.close();
  for (const { process: child } of started) {
    child.kill('SIGKILL'); // those that ended already do not mind
  }
  await kubectl(['delete', 'lease', LEASE, '-n', 'mcp-authz-system', '--ignore-not-found']);
});

async function start(): Promise<ServerProcess> {
  const { folder } = sharedCluster();
  const files = ['--tls-cert-file', join(folder, 'webhook.crt'), '--tls-private-key-file', join(folder, 'webhook.key')];
  const replica = await startLoop(LEASE, ['--port', '0', ...files]);
  started.push(replica);
  return replica;
}

const leads = async ({ healthPort }: ServerProcess): Promise<boolean> =>
  (await metric(healthPort, 'mcp_authz_leading')) === 1;
const writes = ({ healthPort }: ServerProcess): Promise<number> => metric(healthPort, 'mcp_authz_loop_writes_total');

/** The admission port answers over TLS, whoever leads. */
function answers({ port }: ServerProcess): Promise<boolean> {
  const ca = readFileSync(join(sharedCluster().folder, 'webhook-ca.crt'));
  return new Promise((resolve) => {
    const call = request(
      { host: '127.0.0.1', port, path: '/validate', method: 'POST', ca, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 400 || response.statusCode === 415); // an empty body is no review
      },
    );
    call.on('error', () => {
      resolve(false);
    });
    call.end();
  });
}

async function ready({ healthPort }: ServerProcess): Promise<void> {
  await eventually('ready', async () => (await fetch(`http://127.0.0.1:${String(healthPort)}/readyz`)).status === 200);
}

it('one leads; killed, the other does; frozen past its lease, it writes nothing when it wakes', async () => {
  const first = await start();
  await eventually('the first leads', () => leads(first));
  const second = await start();
  await Promise.all([first, second].map(ready));
  // A start is no series of failures and pauses: nothing is listed before it is known what there is.
  expect(await metric(first.healthPort, 'mcp_authz_watch_ended_total', { reason: 'unserved' })).toBe(0);
  expect([await leads(first), await leads(second)]).toEqual([true, false]);
  expect([await answers(first), await answers(second)]).toEqual([true, true]);

  first.process.kill('SIGKILL');
  await eventually('the second leads', () => leads(second), WITHIN_MS);
  expect(await answers(second)).toBe(true);

  const third = await start();
  await ready(third);
  const namespace = await makeNamespace();
  await applied(namespace, config('shared'), workload('MCPServer', 'user', REFERENCE));
  await eventually('the second has nothing to do', async () => {
    const before = await writes(second);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return before === (await writes(second));
  });
  const written = await writes(second);
  second.process.kill('SIGSTOP');
  try {
    expect(await answers(third)).toBe(true);
    await eventually('the third leads', () => leads(third), WITHIN_MS);
    // Something to do, that the frozen one will find when it wakes.
    await api.patch(namespace, 'mcpauthzconfigs', 'shared', { spec: { config: { policies: [POLICY, POLICY] } } });
  } finally {
    second.process.kill('SIGCONT');
  }
  await eventually('the second is awake', async () => !(await leads(second)));
  const until = performance.now() + 5000;
  await eventually('5 s are over', async () => {
    expect([await leads(second), await leads(third), await writes(second)]).toEqual([false, true, written]);
    return performance.now() > until;
  });
  await ready(second);
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
});
