/** What lies below us: the disk for the log is full, the clock is moved, the process sleeps until its certificate is old. */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { X509Certificate } from 'node:crypto';
import type { ServerProcess } from '../../../src/cli/playground/environment.ts';
import { freePorts } from '../../../src/cli/playground/free-ports.ts';
import { projectRoot } from '../../../src/cli/playground/root.ts';
import { readSecret } from '../../../src/certs/secret.ts';
import { getObject } from '../../../src/kube/get.ts';
import { eventually } from '../cluster.ts';
import { NAMESPACE, ready, SERVICE } from '../replicas.ts';
import { FLAGS, join, leave, NOTHING_LOST, suffer, type World } from './world.ts';

const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/mcp-authz-webhook-tls`;
const HOUR = 3600_000;
const never = new AbortController().signal;

/** Nothing that it logs can be written, from its first line on. */
async function startOnFullDisk({ proxy, cluster }: World): Promise<ServerProcess> {
  const [port, healthPort] = await freePorts();
  const account = path(cluster.controlPlane.folder, `${SERVICE}.kubeconfig`);
  const full = openSync('/dev/full', 'w');
  const child: ChildProcess = spawn(
    process.execPath,
    [
      ...[path(projectRoot(), 'dist/main.js'), 'serve', '--kubeconfig', proxy.kubeconfig(account), ...FLAGS],
      ...['--port', String(port), '--health-port', String(healthPort)],
      ...['--service-name', SERVICE, '--service-namespace', NAMESPACE],
    ],
    { stdio: ['ignore', full, full] },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const stop = (): Promise<void> => {
    child.kill('SIGTERM');
    return ended;
  };
  const started = { process: child, port, healthPort, logFile: '/dev/full', stop };
  await listens(healthPort);
  await ready(started);
  return started;
}

async function listens(healthPort: number): Promise<void> {
  const answered = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${String(healthPort)}/livez`).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually('it listens', answered);
}

/** From now on the only one. */
async function alone(world: World, replica: ServerProcess): Promise<void> {
  await leave(world, ...world.replicas.filter((each) => each !== replica));
}

/** As it was before: two of the usual ones. */
async function relieved(world: World, replica: ServerProcess | undefined): Promise<void> {
  await Promise.all([join(world), join(world)]);
  if (replica !== undefined) {
    await leave(world, replica);
  }
}

async function expiry({ cluster: { client } }: World): Promise<number> {
  const secret = await getObject(client, SECRET, never);
  const cert = secret === undefined ? undefined : readSecret(secret)?.leaf?.cert;
  return cert === undefined ? Infinity : new X509Certificate(cert).validToDate.getTime();
}

export function machineFaults(world: () => World): void {
  let single: ServerProcess | undefined;

  it('the disk for the log is full: the only replica serves and leads as if it were not', async () => {
    const report = await suffer(world(), {
      name: 'disk full for the log',
      apiServerAnswers: true,
      begin: async () => {
        single = await startOnFullDisk(world());
        world().replicas.push(single);
        world().cluster.balancer.add(single.port);
        await alone(world(), single);
      },
      end: () => relieved(world(), single),
    });
    expect(report).toMatchObject(NOTHING_LOST);
  });

  /** The only replica, with a clock that is moved by writing how far into its file. */
  async function withMovableClock(lifetimes: readonly string[]): Promise<(ms: number) => void> {
    const file = path(world().cluster.controlPlane.folder, 'clock');
    writeFileSync(file, '0');
    const preload = path(projectRoot(), 'test/support/movable-clock.ts');
    const environment = {
      ...process.env,
      NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import ${preload}`,
      MOVED_CLOCK: file,
    };
    await leave(world(), ...world().replicas);
    // What lives as long as the lifetimes say, from the start.
    await world().cluster.client.request({ method: 'DELETE', path: SECRET, signal: never });
    const started = await world().cluster.join([...FLAGS, ...lifetimes], { environment });
    world().replicas.push(started);
    return (ms) => {
      writeFileSync(file, String(ms));
      started.process.kill('SIGUSR2');
    };
  }

  it('the clock of the only replica jumps an hour ahead, and then to an hour behind', async () => {
    const move = await withMovableClock(['--tls-leaf-lifetime', '24h', '--tls-ca-lifetime', '72h']);
    const report = await suffer(world(), {
      name: 'clock moved by an hour',
      apiServerAnswers: true,
      begin: () => {
        move(HOUR);
      },
      during: async (namespace) => {
        const { api } = world();
        await eventually('it goes on under that clock', async () => {
          const w3 = await api.get(namespace, 'mcpservers', 'w3');
          return w3?.['status'] !== undefined;
        });
        move(-HOUR);
      },
      end: () => {
        move(0);
      },
    });
    expect(report).toMatchObject(NOTHING_LOST);
  });

  it('the clock of the only replica jumps ten years ahead and back: what it issued meanwhile is replaced', async () => {
    const move = await withMovableClock(['--tls-leaf-lifetime', '60s', '--tls-ca-lifetime', '180s']);
    const report = await suffer(world(), {
      name: 'clock moved by ten years',
      apiServerAnswers: false, // it does, but takes no certificate of that year
      begin: () => {
        move(10 * 365 * 24 * HOUR);
      },
      during: async () => {
        await eventually('it issued a certificate of then', async () => {
          const until = await expiry(world());
          return until !== Infinity && until > Date.now() + 9 * 365 * 24 * HOUR;
        });
        // Connections that are open outlive a certificate.
        world().replicas.forEach(({ port }) => {
          world().cluster.balancer.cut(port);
        });
      },
      end: () => {
        move(0);
      },
    });
    expect(report).toMatchObject(NOTHING_LOST);
  });

  it('the only replica sleeps until its certificate has expired, and wakes', async () => {
    const report = await suffer(world(), {
      name: 'certificate expired',
      apiServerAnswers: false, // it does, but nobody of us is there
      begin: async () => {
        await leave(world(), ...world().replicas);
        await world().cluster.client.request({ method: 'DELETE', path: SECRET, signal: never });
        const short = await join(world(), ['--tls-leaf-lifetime', '10s', '--tls-ca-lifetime', '30s']);
        single = short;
        await eventually('its certificate is of the short kind', async () => {
          const until = await expiry(world());
          return until < Date.now() + 11_000;
        });
        short.process.kill('SIGSTOP');
      },
      during: async () => {
        const until = await expiry(world());
        await eventually('it has expired', () => Promise.resolve(Date.now() > until + 1000));
      },
      end: () => {
        single?.process.kill('SIGCONT');
      },
    });
    expect(report).toMatchObject(NOTHING_LOST);
    await relieved(world(), single);
  });
}
