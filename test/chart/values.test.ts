/** What values do, and which are refused with which words. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Deployment, V1Job, V1ValidatingWebhook } from '@kubernetes/client-node';
import { isJsonObject } from '../../src/api/json.ts';
import { CHART, helm, helmPath, render, template } from '../support/helm.ts';
import { CA, VALUE_SETS } from './value-sets.ts';

beforeAll(helmPath, 120_000);

const webhook = (values: object, name: string): V1ValidatingWebhook | undefined =>
  render(values)
    .flatMap((object) => (Array.isArray(object['webhooks']) ? (object['webhooks'] as V1ValidatingWebhook[]) : []))
    .find((entry) => entry.name === `${name}.authz.toolhive.stacklok.dev`);

describe('webhooks', () => {
  it('take the selectors and conditions that are given, beside their own', () => {
    const narrowed = webhook(VALUE_SETS['webhooks narrowed'] ?? {}, 'workloads.validate');
    expect(narrowed).toMatchObject({
      failurePolicy: 'Ignore',
      timeoutSeconds: 25,
      namespaceSelector: {
        matchLabels: { toolhive: 'on' },
        matchExpressions: [
          {
            key: 'kubernetes.io/metadata.name',
            operator: 'NotIn',
            values: ['kube-system', 'kube-public', 'kube-node-lease', 'authz-system', 'sandbox'],
          },
          { key: 'tier', operator: 'In', values: ['prod'] },
        ],
      },
      objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
    });
    expect(narrowed?.matchConditions?.map(({ name }) => name)).toEqual([
      'not-being-deleted',
      'spec-changed',
      'not-robots',
    ]);
    expect(webhook(VALUE_SETS['webhooks narrowed'] ?? {}, 'configs.validate')).toMatchObject({
      failurePolicy: 'Fail',
      timeoutSeconds: 10,
    });
  });

  it.each([
    ['no configuration', VALUE_SETS['no webhooks at all'] ?? {}, 0],
    [
      'only the validating one',
      {
        webhooks: {
          workloadsMutate: { enabled: false },
          configsMutate: { enabled: false },
          podsMutate: { enabled: false },
        },
      },
      1,
    ],
    ['both', {}, 2],
  ])('make %s where others are off', (_, values, count) => {
    expect(render(values).filter(({ kind }) => kind.endsWith('WebhookConfiguration'))).toHaveLength(count);
  });

  it('are trusted by the CA that is given, or by what cert-manager injects', () => {
    const given = webhook({ tls: { mode: 'files', existingSecret: 'serving', caBundle: CA } }, 'configs.delete');
    expect(Buffer.from(given?.clientConfig.caBundle ?? '', 'base64').toString()).toBe(CA);
    const configurations = render({ certManager: { enabled: true } }).filter(({ kind }) =>
      kind.endsWith('WebhookConfiguration'),
    );
    expect(configurations.map(({ metadata }) => metadata.annotations)).toEqual(
      configurations.map(() => ({ 'cert-manager.io/inject-ca-from': 'authz-system/authz-mcp-authz-webhook' })),
    );
  });
});

describe('images', () => {
  const image = (values: object): string | undefined =>
    (render({ image: values }).find(({ kind }) => kind === 'Deployment') as unknown as V1Deployment).spec?.template.spec
      ?.containers[0]?.image;

  it.each([
    [{}, 'ghcr.io/mcp-authz/mcp-authz-webhook:0.1.0'],
    [{ tag: 'main' }, 'ghcr.io/mcp-authz/mcp-authz-webhook:main'],
    [{ registry: '' }, 'mcp-authz/mcp-authz-webhook:0.1.0'],
    [
      { tag: 'main', digest: `sha256:${'a'.repeat(64)}` },
      `ghcr.io/mcp-authz/mcp-authz-webhook@sha256:${'a'.repeat(64)}`,
    ],
  ])('%j', (values, expected) => {
    expect(image(values)).toBe(expected);
  });
});

describe('refused', () => {
  it.each([
    ['a misspelt key', { replicas: 3 }, "additional properties 'replicas' not allowed"],
    ['a misspelt key further in', { tls: { minversion: 'TLSv1.3' } }, "additional properties 'minversion' not allowed"],
    [
      'a webhook that is not there',
      { webhooks: { podsValidate: {} } },
      "additional properties 'podsValidate' not allowed",
    ],
    ['a webhook taken away', { webhooks: { configsDelete: null } }, "missing property 'configsDelete'"],
    [
      'a policy that Kubernetes does not know',
      { webhooks: { configsDelete: { failurePolicy: 'Warn' } } },
      "value must be one of 'Fail', 'Ignore'",
    ],
    ['a timeout that Kubernetes does not allow', { webhooks: { configsDelete: { timeoutSeconds: 31 } } }, 'want 30'],
    [
      'a selector without its operator',
      { webhooks: { configsDelete: { objectSelector: { matchExpressions: [{ key: 'a' }] } } } },
      "missing property 'operator'",
    ],
    ['a label that is no text', { podLabels: { a: true } }, 'got boolean, want string'],
    ['a port out of range', { webhook: { port: 70000 } }, 'want 65,535'],
    ['a digest that is a tag', { image: { digest: 'v1' } }, 'does not match pattern'],
    [
      'a CA that is no PEM',
      { tls: { mode: 'files', existingSecret: 'a', caBundle: 'MIIB' } },
      'does not match pattern',
    ],
    ['a rule file that would not be read', { customRules: { 'rules.txt': '' } }, 'does not match pattern'],
    [
      'the port of the kubelet on the node',
      { hostNetwork: true },
      'the kubelet has port 10250 of the node; set webhook.port',
    ],
    ['one port for two', { webhook: { port: 8081 } }, 'webhook.port and health.port are the same'],
    [
      'files without a Secret',
      { tls: { mode: 'files' } },
      'name the Secret with tls.crt and tls.key in tls.existingSecret',
    ],
    [
      'a Secret that nobody would read',
      { tls: { existingSecret: 'a' } },
      'tls.existingSecret and tls.caBundle are for tls.mode files',
    ],
    [
      'two that write the caBundle',
      { certManager: { enabled: true }, tls: { caBundle: CA } },
      'cert-manager writes the Secret and the caBundle',
    ],
    ['traces to nowhere', { tracing: { enabled: true } }, 'give the OTLP endpoint in tracing.endpoint'],
  ])('%s', (_, values, message) => {
    const { code, stderr } = template(values);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  it("is every unknown key, except in maps whose keys are the user's", () => {
    const open: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (!isJsonObject(schema)) {
        return;
      }
      if (isJsonObject(schema['properties']) ? schema['additionalProperties'] !== false : schema['type'] === 'object') {
        open.push(path);
      }
      for (const [key, child] of Object.entries(schema)) {
        walk(child, `${path}/${key}`);
      }
    };
    walk(JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')), '');
    expect(open.map((path) => path.replace(/.*\/(properties|definitions)\//, '')).sort()).toEqual([
      'affinity',
      'customRules',
      'extraEgress/items',
      'extraEnv/items',
      'extraVolumeMounts/items',
      'extraVolumes/items',
      'global',
      'metricsFrom/items',
      'resources',
      'stringMap',
      'tolerations/items',
      'topologySpreadConstraints/items',
    ]);
  });
});

describe('the clean-up before an uninstall', () => {
  const job = (): V1Job => {
    const found = render({ cleanup: { timeoutSeconds: 20 } }).find(({ kind }) => kind === 'Job');
    return found as unknown as V1Job;
  };

  it('comes first, with an account and permissions of its own, and leaves nothing', () => {
    const hooks = render().filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined);
    expect(hooks.map(({ kind, metadata }) => [kind, metadata.annotations?.['helm.sh/hook-weight']])).toEqual(
      expect.arrayContaining([
        ['ServiceAccount', '-10'],
        ['ClusterRole', '-10'],
        ['ClusterRoleBinding', '-10'],
        ['Role', '-10'],
        ['RoleBinding', '-10'],
        ['Job', '0'],
      ]),
    );
    for (const { metadata } of hooks) {
      expect(metadata.annotations).toMatchObject({
        'helm.sh/hook': 'pre-delete',
        'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded,hook-failed',
      });
    }
  });

  it.each([
    ['fails', 'process.exit(3)', 'cleanup ended with 3'],
    ['is killed', 'process.kill(process.pid, "SIGKILL")', 'cleanup ended with SIGKILL'],
    ['is not there', undefined, 'cleanup ended with 1'],
    [
      'goes well',
      'console.error(process.argv.slice(2).join(" "))',
      'cleanup --yes --namespace=authz-system --deployment=authz-mcp-authz-webhook',
    ],
  ])('lets the uninstall go on where it %s', (_, program, told) => {
    const { command = [] } = job().spec?.template.spec?.containers[0] ?? {};
    expect(command[0]).toBe('/nodejs/bin/node');
    const script = program === undefined ? '/nowhere/main.js' : `data:text/javascript,${encodeURIComponent(program)}`;
    const rest = command
      .slice(1)
      .flatMap((part) =>
        part !== '/app/dist/main.js' ? [part] : program === undefined ? [script] : ['--import', script, '-'],
      );
    const { status, stderr } = spawnSync(process.execPath, rest, { encoding: 'utf8', input: '' });
    expect(stderr).toContain(told);
    expect(status).toBe(0);
  });
});

describe('the notes after an install', () => {
  const notes = (values: object): string => {
    const { stdout } = helm(
      ['install', 'authz', CHART, '--namespace', 'authz-system', '--dry-run=client', '--values', '-'],
      JSON.stringify(values),
    );
    return stdout.slice(stdout.indexOf('NOTES:'));
  };

  it('tell how to verify', () => {
    expect(notes({})).toContain('kubectl -n authz-system rollout status deployment/authz-mcp-authz-webhook');
    expect(notes({})).toContain('kubectl -n default create --dry-run=server');
    expect(notes({})).toContain('.clientConfig.caBundle');
    expect(notes({})).toContain('mcp-authz doctor --namespace authz-system --service-account authz-mcp-authz-webhook');
  });

  it('tell what is missing or given up', () => {
    expect(notes({ tls: { mode: 'files', existingSecret: 'serving' } })).toContain('tls.caBundle is empty');
    expect(notes({ hostNetwork: true, webhook: { port: 9443 } })).toContain('cannot enforce Pod Security "restricted"');
    expect(notes({ replicaCount: 1 })).toContain('One replica');
  });
});
