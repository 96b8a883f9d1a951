/** Through the real API server: what it measures of our webhook, of the Go webhook and of its own policy, side by side. */
import { must } from '../../../src/cli/playground/environment.ts';
import { PATHS } from '../../../src/admission/listener.ts';
import { MESSAGE, RULE } from '../../../src/rules/mutual-exclusion.ts';
import { metricSum } from '../../support/metrics.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { waitFor } from '../processes.ts';
import { startPeer, type Program } from '../programs.ts';
import { GROUP_PATH, inParallel, withRealCluster, type RealCluster } from '../real-cluster.ts';
import { atMost, type Row } from '../report/row.ts';
import { shortest } from '../report/table.ts';
import {
  authzConfig,
  CONFIG,
  NAMESPACE,
  newMcpServer,
  POLICY,
  readsLive,
  titleOf,
  type ReviewKind,
} from '../reviews.ts';
import type { Section, SectionContext } from '../section.ts';

const GO_WEBHOOK = 'controller-runtime.bench.example.com';
const OUR_WEBHOOK = 'workloads.validate.authz.toolhive.stacklok.dev';
const OUR_MUTATION = 'workloads.mutate.authz.toolhive.stacklok.dev';
const POLICY_NAME = 'bench-mutual-exclusion';
const WEBHOOKS = 'apiserver_admission_webhook_admission_duration_seconds';
/** Of all policies together; the API server counts one alone only where it refuses. */
const POLICIES = 'apiserver_admission_controller_admission_duration_seconds';
/** Not counted, as many as are: connections are opened, and code for these very requests is compiled. */
const WARM_UP_PART = 1;
const BYTES = 2000;
const WIDTH = 2;
const ENTRIES = 6;
/** The one that is updated. */
const STORED = 'stored';

export const apiServer: Section = {
  name: 'api-server',
  title: 'what the real API server waits for our webhook, the Go webhook and a ValidatingAdmissionPolicy',
  run: (context) =>
    withRealCluster(context, { registered: true }, async (cluster) => {
      const { amounts, say } = context;
      const peer = await startPeer('controller-runtime', cluster.programOptions);
      try {
        await warmUp(context, [cluster.ours, peer]);
        await register(cluster, peer);
        await cluster.namespace(NAMESPACE);
        await untilInForce(cluster);
        const path = `${GROUP_PATH}/namespaces/${NAMESPACE}/mcpauthzconfigs`;
        await cluster.request({ method: 'POST', path, body: authzConfig(NAMESPACE, CONFIG, [POLICY]) });
        const rows: Row[] = [];
        const figures: Record<string, Means> = {};
        for (const kind of ['inline', 'kept-reference', 'new-reference'] as const) {
          say(`${String(amounts.apiServerRequests)} writes, ${kind}`);
          const means = await measure(cluster, kind, amounts.apiServerRequests);
          figures[kind] = means;
          rows.push(...rowsOf(kind, means));
        }
        return { rows, figures };
      } finally {
        await peer.process.stop();
      }
    }),
};

/** Asked directly, and far more often than the API server would. */
async function warmUp({ amounts, load, say }: SectionContext, programs: readonly Program[]): Promise<void> {
  say('warming up');
  for (const { target, name } of programs) {
    const paths = name === 'ours' ? [PATHS.mutate, PATHS.validate] : [target.path];
    for (const path of paths) {
      await load.run({
        ...{ mode: 'flat out', review: 'inline', bytes: BYTES, connections: 16, seconds: amounts.warmUpSeconds },
        target: { ...target, path },
      });
    }
  }
}

/** Milliseconds. */
interface Means {
  readonly ours: number;
  readonly mutation: number;
  readonly controllerRuntime: number;
  readonly policy: number;
}

async function measure(cluster: RealCluster, kind: ReviewKind, requests: number): Promise<Means> {
  const path = `${GROUP_PATH}/namespaces/${NAMESPACE}/mcpservers`;
  const write = writer(cluster, kind, path);
  if (kind === 'kept-reference') {
    await cluster.request({ method: 'POST', path, body: newMcpServer(kind, STORED, ENTRIES) });
  }
  await inParallel(Math.ceil(requests * WARM_UP_PART), WIDTH, write);
  const before = await cluster.metrics();
  await inParallel(requests, WIDTH, write);
  const after = await cluster.metrics();
  const mean = (metric: string, labels: Readonly<Record<string, string>>): number => {
    const grown = (part: string): number =>
      metricSum(after, `${metric}_${part}`, labels) - metricSum(before, `${metric}_${part}`, labels);
    return (grown('sum') / grown('count')) * 1000;
  };
  return {
    ours: mean(WEBHOOKS, { name: OUR_WEBHOOK }),
    mutation: mean(WEBHOOKS, { name: OUR_MUTATION }),
    controllerRuntime: mean(WEBHOOKS, { name: GO_WEBHOOK }),
    policy: mean(POLICIES, {
      name: 'ValidatingAdmissionPolicy',
      operation: kind === 'kept-reference' ? 'UPDATE' : 'CREATE',
    }),
  };
}

/** dryRun: everything but the write, so that each request finds what the first one found. */
function writer({ request }: RealCluster, kind: ReviewKind, path: string): (number: number) => Promise<unknown> {
  const query = { dryRun: 'All' };
  if (kind !== 'kept-reference') {
    return (number) =>
      request({ method: 'POST', path, query, body: newMcpServer(kind, `server-${String(number)}`, ENTRIES) });
  }
  const contentType = 'application/merge-patch+json';
  return (number) => {
    const body = { spec: { image: `example.com/mcp/server:${String(number + 2)}` } };
    return request({ method: 'PATCH', path: `${path}/${STORED}`, query, contentType, body });
  };
}

function rowsOf(kind: ReviewKind, { ours, mutation, controllerRuntime, policy }: Means): readonly Row[] {
  return [
    {
      id: `api-server/${kind}/controller-runtime`,
      what: `mean through the API server${titleOf(kind)} / controller-runtime's`,
      measured: ours / controllerRuntime,
      unit: 'x',
      ...(readsLive(kind) ? {} : { target: atMost(1.1) }),
      detail: `${shortest(ours)} ms / ${shortest(controllerRuntime)} ms; our mutation before it ${shortest(mutation)} ms`,
    },
    {
      id: `api-server/${kind}/policy`,
      what: `mean through the API server${titleOf(kind)} / ValidatingAdmissionPolicy's`,
      measured: ours / policy,
      unit: 'x',
      detail: `${shortest(ours)} ms / ${shortest(policy)} ms, which never leaves the API server`,
    },
  ];
}

const MATCH = {
  apiGroups: ['toolhive.stacklok.dev'],
  apiVersions: ['v1beta1'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['mcpservers'],
};

/** The Go webhook and the policy, beside ours; both are asked, and both have to refuse what they are there for. */
async function register({ controlPlane: { kubectl } }: RealCluster, { target }: Program): Promise<void> {
  const url = `https://127.0.0.1:${String(target.port)}/validate`;
  const version = 'admissionregistration.k8s.io/v1';
  const objects = [
    {
      ...{ apiVersion: version, kind: 'ValidatingWebhookConfiguration', metadata: { name: 'bench-peer' } },
      webhooks: [
        {
          ...{ name: GO_WEBHOOK, admissionReviewVersions: ['v1'], sideEffects: 'None', rules: [MATCH] },
          clientConfig: { url, caBundle: Buffer.from(target.ca).toString('base64') },
        },
      ],
    },
    ...policy(POLICY_NAME, RULE.replaceAll('self', 'object.spec'), MESSAGE),
  ];
  const text = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  await must(kubectl, ['apply', '-f', '-'], text);
}

function policy(name: string, expression: string, message: string): readonly object[] {
  const version = 'admissionregistration.k8s.io/v1';
  return [
    {
      ...{ apiVersion: version, kind: 'ValidatingAdmissionPolicy', metadata: { name } },
      spec: { matchConstraints: { resourceRules: [MATCH] }, validations: [{ expression, message }] },
    },
    {
      ...{ apiVersion: version, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name } },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}

/**
 * The API server takes a moment to act on what is registered. A policy that refuses one name tells when policies are in
 * force, and goes then. Webhooks are counted as soon as they are asked: for another name, since what a policy refuses is
 * not shown to those that validate.
 */
async function untilInForce({ controlPlane: { kubectl }, request, metrics, ours }: RealCluster): Promise<void> {
  const name = 'bench-in-force';
  const probe = policy(name, `object.metadata.name != "${name}"`, name);
  await must(kubectl, ['apply', '-f', '-'], probe.map((object) => JSON.stringify(object)).join('\n---\n'));
  const path = `${GROUP_PATH}/namespaces/${NAMESPACE}/mcpservers`;
  const create = (as: string): Promise<unknown> =>
    request({ method: 'POST', path, query: { dryRun: 'All' }, body: newMcpServer('inline', as, 0) });
  await waitFor('the registrations are not in force', ours.process, async () => {
    const refused = await create(name).then(
      () => false,
      (error: unknown) => error instanceof ApiError && error.message.includes(name),
    );
    await create('bench-let-in').catch(() => undefined); // where it fails, nobody is counted, and we look again
    const text = await metrics();
    const asked = [OUR_WEBHOOK, OUR_MUTATION, GO_WEBHOOK].every(
      (webhook) => metricSum(text, `${WEBHOOKS}_count`, { name: webhook }) > 0,
    );
    return refused && asked ? true : undefined;
  });
  await must(kubectl, ['delete', 'validatingadmissionpolicybinding,validatingadmissionpolicy', name]);
}
