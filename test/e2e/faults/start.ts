/** Told to end while it starts, at several moments; and a start that cannot succeed. Nothing is left behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join as path } from 'node:path';
import { projectRoot } from '../../../src/cli/playground/root.ts';
import { stringAt } from '../../../src/api/json.ts';
import { getObject } from '../../../src/kube/get.ts';
import { silence } from '../../support/fault-proxy.ts';
import { until } from '../../support/until.ts';
import { NAMESPACE, SERVICE } from '../replicas.ts';
import { NOTHING_LOST, suffer, type World } from './world.ts';

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/mcp-authz-webhook`;

const never = new AbortController().signal;

interface Started {
  readonly child: ChildProcess;
  /** Waits for a line that holds this. */
  readonly says: (text: string) => Promise<void>;
  /** How it ended: code, or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

function begin({ proxy, cluster }: World, healthPort = 0): Started {
  const account = path(cluster.controlPlane.folder, `${SERVICE}.kubeconfig`);
  const child = spawn(
    process.execPath,
    [
      ...[path(projectRoot(), 'dist/main.js'), 'serve', '--kubeconfig', proxy.kubeconfig(account)],
      ...['--service-name', SERVICE, '--service-namespace', NAMESPACE],
      ...['--port', '0', '--health-port', String(healthPort)],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  return {
    child,
    ended,
    says: (text) => until(`it says ${text}`, () => lines.some((line) => line.includes(text))),
  };
}

async function toldToEnd({ child, says, ended }: Started, when: string): Promise<number | NodeJS.Signals> {
  await says(when);
  child.kill('SIGTERM');
  return ended;
}

export function startFaults(world: () => World): void {
  it('SIGTERM during the start, four times, once while the API server says nothing', async () => {
    const { proxy, replicas } = world();
    const endings: (number | string)[] = [];
    const report = await suffer(world(), {
      name: 'SIGTERM during start',
      apiServerAnswers: true,
      begin: async () => {
        const atOnce = begin(world());
        await once(atOnce.child, 'spawn');
        atOnce.child.kill('SIGTERM');
        endings.push(await atOnce.ended);
        endings.push(await toldToEnd(begin(world()), '"message"'));
        endings.push(await toldToEnd(begin(world()), '"serving"'));
        proxy.interfere(silence);
      },
      during: async () => {
        endings.push(await toldToEnd(begin(world()), '"serving"'));
      },
      end: () => {
        proxy.interfere(undefined);
        proxy.reset();
      },
    });
    // Before there is anything to end in order, the signal itself ends it.
    expect(endings).toEqual(['SIGTERM', 0, 0, 0]);
    const holder = stringAt(await getObject(world().cluster.client, LEASE, never), 'spec', 'holderIdentity') ?? '';
    expect(replicas).toHaveLength(2);
    expect(holder).not.toBe('');
    expect(report).toMatchObject(NOTHING_LOST);
  });

  it('a port that is taken ends the start, and nothing goes on without health', async () => {
    const taken = world().replicas[0]?.healthPort;
    const started = begin(world(), taken);
    expect(await started.ended).toBe(2);
  });
}
