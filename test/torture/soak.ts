/**
 * A long time of ordinary work on a real control plane: configs and workloads come, change and go; certificates are
 * renewed all the time; connections to the API server break. Every answer is compared with a model, and what the process
 * holds is looked at all along.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { at } from '../../src/api/json.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { getObject } from '../../src/kube/get.ts';
import { NAMESPACE, openReplicaCluster, SERVICE } from '../e2e/replicas.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createFailures, type Failures, type Section, type TortureOptions } from './section.ts';
import { growthFailures, growthFigures, sampler } from './soak-samples.ts';
import { choices, NOTHING, stepOf, type Step } from './soak-model.ts';

const ACTORS = 8;
const NAMESPACES = 3;
const PAUSE_MS = 100;
const WATCHES_BREAK_EVERY_MS = 20_000;
/** What was asked of the API server when its connections broke is not answered, which the model allows for so long. */
const BREAK_LASTS_MS = 3000;
const GONE_WITHIN_MS = 60_000;
const SHORT_LIVES = ['--tls-leaf-lifetime', '2m', '--tls-ca-lifetime', '8m', '--admission-grace', '2'];

export const soak: Section = async (options) => {
  const { minutes, progress } = options;
  progress('soak: starting a control plane');
  const failures = createFailures(20);
  const cluster = await openReplicaCluster();
  const { client } = cluster;
  const kubeconfig = join(cluster.controlPlane.folder, `${SERVICE}.kubeconfig`);
  const address = readFileSync(kubeconfig, 'utf8');
  const apiPort = Number(/127\.0\.0\.1:(\d+)/.exec(address)?.[1]);
  const proxy = await startTcpProxy(apiPort);
  const proxied = join(cluster.controlPlane.folder, 'proxied.kubeconfig');
  writeFileSync(proxied, address.replaceAll(`:${String(apiPort)}`, `:${String(proxy.port)}`), { mode: 0o600 });
  const work = { steps: 0, undecided: 0, breaks: 0, brokenAt: -Infinity };
  const serials = new Set<string>();
  try {
    for (let number = 0; number < NAMESPACES; number += 1) {
      await post(client, '/api/v1/namespaces', {
        ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceOf(number) } },
      });
    }
    const server = await cluster.join([...SHORT_LIVES, '--kubeconfig', proxied]);
    await cluster.register();
    await asked(client);
    const until = performance.now() + minutes * 60_000;
    const samples = sampler(server);
    const actors = Array.from({ length: ACTORS }, (_, actor) => act(actor, { client, options, until, work, failures }));
    let next = performance.now();
    while (performance.now() < until) {
      await samples.take();
      serials.add(await servedCertificate(client));
      if (performance.now() - next >= WATCHES_BREAK_EVERY_MS) {
        next = performance.now();
        work.breaks += 1;
        work.brokenAt = next;
        proxy.cut(true);
        proxy.cut(false);
      }
      await pause(1000);
      progress(`soak: ${String(Math.ceil((until - performance.now()) / 1000))} s left, ${String(work.steps)} steps`);
    }
    await Promise.all(actors);
    if (server.process.exitCode !== null) {
      failures.add('the server ended');
    }
    growthFailures(samples.all()).forEach(failures.add);
    return {
      section: 'soak',
      figures: {
        ...{ minutes, steps: work.steps, 'not answered while connections broke': work.undecided },
        ...{ 'broken connections to the API server': work.breaks, 'certificates issued': serials.size },
        ...growthFigures(samples.all()),
      },
      failures: failures.list(),
    };
  } finally {
    await cluster.stop();
    await proxy.close();
  }
};

interface Acting {
  readonly client: KubeClient;
  readonly options: TortureOptions;
  readonly until: number;
  readonly work: { steps: number; undecided: number; brokenAt: number };
  readonly failures: Failures;
}

async function act(actor: number, { client, options, until, work, failures }: Acting): Promise<void> {
  const namespace = namespaceOf(actor % NAMESPACES);
  let state = NOTHING;
  for (let batch = 0; performance.now() < until; batch += 1) {
    for (const [index, choice] of choices(options.seed + actor * 1009 + batch * 9176, 100).entries()) {
      if (performance.now() >= until) {
        return;
      }
      const step = stepOf(state, choice, `a${String(actor)}-${String(batch)}-${String(index)}`);
      const answer = await take(client, namespace, step);
      work.steps += 1;
      if (isRight(step, answer)) {
        state = step.next;
        await goneAtLast(client, namespace, step, failures);
      } else if (answer.startsWith('500') && performance.now() - work.brokenAt < BREAK_LASTS_MS) {
        work.undecided += 1;
      } else {
        failures.add(`${step.what}: ${answer}`);
      }
      await pause(PAUSE_MS);
    }
  }
}

function isRight({ expected }: Step, answer: string): boolean {
  return expected === 'ok' ? answer === 'ok' : !answer.startsWith('500') && expected.test(answer);
}

/** `ok`, or the status and the message of the refusal. */
async function take(client: KubeClient, namespace: string, step: Step): Promise<string> {
  const { method, resource, name, body } = step;
  const path = pathOf(namespace, resource, name);
  try {
    const current = method === 'PUT' ? await getObject(client, path, soon()) : undefined;
    const metadata = { ...body?.metadata, resourceVersion: current?.metadata.resourceVersion };
    await client.request({
      ...{ method, path, signal: soon() },
      ...(body === undefined ? {} : { body: method === 'PUT' ? { ...body, metadata } : body }),
    });
    return 'ok';
  } catch (error) {
    // The loop writes the same objects: a conflict is nobody's fault.
    const conflict = error instanceof ApiError && error.code === 'API_CONFLICT';
    return conflict
      ? take(client, namespace, step)
      : error instanceof ApiError
        ? `${String(error.status)} ${error.message}`
        : String(error);
  }
}

/** A deleted config goes once the grace is over. */
async function goneAtLast(client: KubeClient, namespace: string, step: Step, failures: Failures): Promise<void> {
  if (step.method !== 'DELETE' || step.resource !== 'mcpauthzconfigs' || step.expected !== 'ok') {
    return;
  }
  const deadline = performance.now() + GONE_WITHIN_MS;
  const path = pathOf(namespace, step.resource, step.name);
  while ((await getObject(client, path, soon())) !== undefined) {
    if (performance.now() > deadline) {
      failures.add(`${step.what}: not gone within ${String(GONE_WITHIN_MS / 1000)} s`);
      return;
    }
    await pause(500);
  }
}

/** Until the API server asks us: a new registration takes a moment. */
async function asked(client: KubeClient): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  for (let number = 0; performance.now() < deadline; number += 1) {
    const step = stepOf(NOTHING, 0.3, `probe-${String(number)}`);
    if (isRight(step, await take(client, namespaceOf(0), step))) {
      return;
    }
    await pause(200);
  }
  throw new Error('the registered webhook is not asked');
}

async function servedCertificate(client: KubeClient): Promise<string> {
  const secret = await getObject(client, `/api/v1/namespaces/${NAMESPACE}/secrets/mcp-authz-webhook-tls`, soon());
  return String(at(secret, 'data', 'tls.crt'));
}

function namespaceOf(number: number): string {
  return `soak-${String(number)}`;
}

function pathOf(namespace: string, resource: string, name?: string): string {
  const collection = `/apis/toolhive.stacklok.dev/v1beta1/namespaces/${namespace}/${resource}`;
  return name === undefined ? collection : `${collection}/${name}`;
}

function soon(): AbortSignal {
  return AbortSignal.timeout(30_000);
}

async function post(client: KubeClient, path: string, body: object): Promise<void> {
  await client.request({ method: 'POST', path, body, signal: soon() });
}
