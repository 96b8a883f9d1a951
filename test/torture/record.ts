/**
 * Makes test/torture/recorded: what a real API server sends, of every kind and operation that we are registered for, and of
 * some that we are not (status, scale, ConfigMaps). Run by hand, where the kinds change: node test/torture/record.ts
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { createBodyRoom } from '../../src/admission/body-room.ts';
import { BODY_LIMIT, readBody } from '../../src/admission/body.ts';
import { startServer } from '../../src/admission/server.ts';
import { at, stringAt, type JsonObject } from '../../src/api/json.ts';
import { issueCa, issueServing } from '../../src/certs/issue.ts';
import { startControlPlane } from '../../src/cli/playground/control-plane.ts';
import { installCrds, must } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { config, INLINE, KINDS, REFERENCE, workload } from '../e2e/objects.ts';
import { operatorConfig, pod } from '../support/pods.ts';

const FOLDER = join(import.meta.dirname, 'recorded');
const LIFE = { lifetimeMs: 3_600_000, now: new Date() };
const reviews = new Map<string, JsonObject>();
const refused = { asked: 0, at: [] as number[] };
const room = createBodyRoom();

/** Lets everything pass and remembers it; what is called "shed" is refused as under overload. */
const listener: RequestListener = (request, response) => {
  void readBody(request, BODY_LIMIT, room).then((body) => {
    const review = JSON.parse(body.toString()) as JsonObject;
    if (stringAt(review, 'request', 'name') === 'shed') {
      refused.asked += 1;
      refused.at.push(Math.round(performance.now()));
      response.writeHead(429, { 'Retry-After': '1', 'Content-Type': 'application/json' }).end('{}');
      return;
    }
    const name = ['kind.kind', 'kind.version', 'operation', 'subResource', 'name']
      .map((path) => at(review, 'request', ...path.split('.')))
      .filter((part) => typeof part === 'string' && part !== '')
      .join('-');
    reviews.set(name.toLowerCase(), review);
    const uid = stringAt(review, 'request', 'uid');
    const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
  });
};

const ca = await issueCa({ commonName: 'recorder', ...LIFE });
const material = await issueServing({ ca, dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], ...LIFE });
const server = await startServer(listener, { address: '127.0.0.1', port: 0, tls: { minVersion: 'TLSv1.3', material } });
const plane = await startControlPlane({ progress: (text) => process.stderr.write(`· ${text}\n`) });
const { kubectl } = plane;
try {
  await installCrds(kubectl, join(projectRoot(), 'test/crds'));
  await must(kubectl, ['create', 'namespace', 'ns']);
  await must(kubectl, ['apply', '-f', '-'], registration());
  await until('the webhook is asked', async () => {
    await must(kubectl, ['apply', '--dry-run=server', '-n', 'ns', '-f', '-'], JSON.stringify(config('probe')));
    return reviews.size > 0;
  });
  for (const { kind } of KINDS) {
    for (const [name, authorization] of Object.entries({ shared: REFERENCE, inline: INLINE })) {
      await change(JSON.stringify(workload(kind, name, authorization)));
    }
    await change(JSON.stringify(workload(kind, 'old', REFERENCE, 'v1alpha1')));
    await must(kubectl, ['apply', '-n', 'ns', '-f', '-'], JSON.stringify(operatorConfig(kind, 'w')));
  }
  await change(JSON.stringify(config('shared')));
  for (const { kind } of KINDS.filter((each) => each.kind !== 'VirtualMCPServer')) {
    await must(kubectl, ['create', '-n', 'ns', '-f', '-'], JSON.stringify(pod(kind, 'w')));
  }
  const status = JSON.stringify({ status: { conditions: [] } });
  await must(kubectl, [
    'patch',
    '-n',
    'ns',
    'mcpauthzconfig',
    'shared',
    '--subresource=status',
    '--type=merge',
    '-p',
    status,
  ]);
  await must(kubectl, ['delete', '-n', 'ns', 'mcpauthzconfig,mcpserver,mcpremoteproxy,virtualmcpserver', '--all']);
  const overloaded = await kubectl(['create', '-n', 'ns', '-f', '-'], JSON.stringify(config('shed')));
  const pauses = refused.at.slice(1).map((when, index) => when - (refused.at[index] ?? 0));
  process.stdout.write(
    `429: asked ${String(refused.asked)} times, pauses ${pauses.join(', ')} ms; ${overloaded.stderr}\n`,
  );
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  for (const [name, review] of reviews) {
    writeFileSync(join(FOLDER, `${name.replaceAll(/[^a-z0-9-]/g, '-')}.json`), `${JSON.stringify(review)}\n`);
  }
  process.stdout.write(`${String(reviews.size)} recorded\n`);
} finally {
  await plane.stop();
  await server.stop();
}

/** Created, changed in spec and in metadata. */
async function change(object: string): Promise<void> {
  await must(kubectl, ['apply', '-n', 'ns', '-f', '-'], object);
  const kind = stringAt(JSON.parse(object), 'kind') ?? '';
  const name = stringAt(JSON.parse(object), 'metadata', 'name') ?? '';
  const metadata = { annotations: { 'example.com/note': 'changed' }, labels: { team: 'a' } };
  await must(kubectl, ['patch', '-n', 'ns', kind, name, '--type=merge', '-p', JSON.stringify({ metadata })]);
}

function registration(): string {
  const rules = [
    { apiGroups: ['toolhive.stacklok.dev'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] },
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods', 'configmaps'] },
  ];
  return JSON.stringify({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'recorder' },
    webhooks: [
      {
        name: 'recorder.example.com',
        admissionReviewVersions: ['v1'],
        clientConfig: {
          url: `https://127.0.0.1:${String(server.port)}/validate`,
          caBundle: Buffer.from(ca.cert).toString('base64'),
        },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ns' } },
        ...{ failurePolicy: 'Fail', sideEffects: 'None', timeoutSeconds: 10, matchPolicy: 'Exact', rules },
      },
    ],
  });
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within a minute`);
    }
  }
}
