/** Whatever the values, what is rendered must be consistent in itself and as locked down as it claims. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  V1ClusterRoleBinding,
  V1Deployment,
  V1Job,
  V1MutatingWebhookConfiguration,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Service,
} from '@kubernetes/client-node';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { SETTINGS } from '../../src/runtime/settings.ts';
import { CHART, helm, helmPath, render, template } from '../support/helm.ts';
import { VALUE_SETS } from './value-sets.ts';

const CLUSTER_SCOPED = [
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
];

beforeAll(helmPath, 120_000);

interface Kinds {
  readonly Deployment: V1Deployment;
  readonly Job: V1Job;
  readonly Service: V1Service;
  readonly PodDisruptionBudget: V1PodDisruptionBudget;
  readonly NetworkPolicy: V1NetworkPolicy;
  readonly ClusterRoleBinding: V1ClusterRoleBinding;
  readonly RoleBinding: V1ClusterRoleBinding;
  readonly MutatingWebhookConfiguration: V1MutatingWebhookConfiguration;
  readonly ValidatingWebhookConfiguration: V1MutatingWebhookConfiguration;
  readonly ServiceMonitor: {
    readonly spec: {
      readonly selector: { readonly matchLabels: Record<string, string> };
      readonly endpoints: readonly { readonly port: string }[];
    };
  };
  readonly CustomResourceDefinition: KubernetesObject;
}

function all<K extends keyof Kinds>(objects: readonly KubernetesObject[], kind: K): readonly Kinds[K][] {
  return objects.filter((object) => object.kind === kind) as readonly unknown[] as readonly Kinds[K][];
}

function only<K extends keyof Kinds>(objects: readonly KubernetesObject[], kind: K): Kinds[K] {
  const [one, ...others] = all(objects, kind);
  if (one === undefined || others.length > 0) {
    throw new Error(`expected one ${kind}, not ${String(others.length + (one === undefined ? 0 : 1))}`);
  }
  return one;
}

const matches = (selector: Record<string, string> | undefined, labels: Record<string, string> | undefined): boolean =>
  Object.entries(selector ?? {}).every(([key, value]) => labels?.[key] === value);

const podTemplates = (objects: readonly KubernetesObject[]): readonly V1PodTemplateSpec[] =>
  [...all(objects, 'Deployment'), ...all(objects, 'Job')].flatMap(({ spec }) =>
    spec === undefined ? [] : [spec.template],
  );

/** What the Pod Security level "restricted" asks for. Source: Kubernetes documentation, "Pod Security Standards". */
function restrictedFaults({
  securityContext,
  containers,
  initContainers,
  volumes,
  ...pod
}: V1PodSpec): readonly string[] {
  const allowed = [
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ];
  return [
    ...(pod.hostPID === true || pod.hostIPC === true ? ['host namespaces'] : []),
    ...(securityContext?.runAsNonRoot === true ? [] : ['runAsNonRoot']),
    ...(securityContext?.seccompProfile?.type === 'RuntimeDefault' ? [] : ['seccompProfile']),
    ...(volumes ?? []).flatMap(({ name, ...source }) =>
      Object.keys(source).every((kind) => allowed.includes(kind)) ? [] : [`volume ${name}`],
    ),
    ...[...containers, ...(initContainers ?? [])].flatMap(({ name, securityContext: own, ports }) => [
      ...(own?.allowPrivilegeEscalation === false ? [] : [`${name}: allowPrivilegeEscalation`]),
      ...(own?.privileged === true ? [`${name}: privileged`] : []),
      ...(own?.capabilities?.drop?.includes('ALL') === true && own.capabilities.add === undefined
        ? []
        : [`${name}: capabilities`]),
      ...(own?.readOnlyRootFilesystem === true ? [] : [`${name}: readOnlyRootFilesystem`]),
      ...(own?.runAsUser === 0 ? [`${name}: runAsUser`] : []),
      ...((ports ?? []).some(({ hostPort }) => hostPort !== undefined) ? [`${name}: hostPort`] : []),
    ]),
  ];
}

it('has no complaint from helm lint', () => {
  expect(helm(['lint', '--strict', CHART]).stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
});

describe.each(Object.entries(VALUE_SETS))('with %s', (_, values) => {
  let rendered: readonly KubernetesObject[] | undefined;
  const objects = (): readonly KubernetesObject[] => (rendered ??= render(values));
  const allowedCa = 'tls' in values && JSON.stringify(values.tls).includes('caBundle');

  it('renders the same every time, every object once, named, labelled and in the namespace of the release', () => {
    const { stdout, stderr } = template(values);
    expect(stderr).toBe('');
    expect(template(values).stdout).toBe(stdout);
    const keys = objects().map(({ kind, metadata }) => `${kind}/${metadata.name ?? ''}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(2);
    for (const { kind, metadata } of objects()) {
      expect(metadata.name).toMatch(/^[a-z0-9][-a-z0-9.]{0,62}$/);
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'mcp-authz-webhook',
        'app.kubernetes.io/instance': 'authz',
        'app.kubernetes.io/managed-by': 'Helm',
      });
      expect([kind, metadata.namespace]).toEqual([kind, CLUSTER_SCOPED.includes(kind) ? undefined : 'authz-system']);
    }
  });

  it('runs restricted Pods of our own image only', () => {
    for (const { spec } of podTemplates(objects())) {
      expect(spec === undefined ? ['no spec'] : restrictedFaults(spec)).toEqual([]);
      for (const { image } of spec?.containers ?? []) {
        expect(image).toMatch(/^[^/]+\/mcp-authz\/mcp-authz-webhook[:@]/);
      }
    }
  });

  it('selects what it makes, by ports that exist', () => {
    const rendered = objects();
    const deployment = only(rendered, 'Deployment');
    const service = only(rendered, 'Service');
    const labels = deployment.spec?.template.metadata?.labels;
    const ports = deployment.spec?.template.spec?.containers[0]?.ports?.map(({ name }) => name) ?? [];
    expect(matches(deployment.spec?.selector.matchLabels, labels)).toBe(true);
    expect(matches(service.spec?.selector, labels)).toBe(true);
    expect(service.spec?.ports?.map(({ targetPort }) => targetPort)).toEqual(ports);
    for (const budget of all(rendered, 'PodDisruptionBudget')) {
      expect(matches(budget.spec?.selector?.matchLabels, labels)).toBe(true);
    }
    for (const { spec } of all(rendered, 'NetworkPolicy')) {
      expect(matches(spec?.podSelector?.matchLabels, labels)).toBe(true);
      expect(spec?.ingress?.map(({ ports: open }) => open?.map(({ port }) => port))).toEqual(
        ports.map((port) => [port]),
      );
    }
    for (const job of all(rendered, 'Job')) {
      const jobLabels = job.spec?.template.metadata?.labels;
      expect(matches(deployment.spec?.selector.matchLabels, jobLabels)).toBe(false);
      expect(matches(service.spec?.selector, jobLabels)).toBe(false);
    }
    for (const monitor of all(rendered, 'ServiceMonitor')) {
      expect(matches(monitor.spec.selector.matchLabels, service.metadata?.labels)).toBe(true);
      expect(service.spec?.ports?.map(({ name }) => name)).toEqual(
        expect.arrayContaining(monitor.spec.endpoints.map(({ port }) => port)),
      );
    }
  });

  it('mounts each volume, probes by name, and starts the server with flags that it knows', () => {
    const pod = only(objects(), 'Deployment').spec?.template.spec;
    const [server] = pod?.containers ?? [];
    expect(server?.volumeMounts?.map(({ name }) => name) ?? []).toEqual(pod?.volumes?.map(({ name }) => name) ?? []);
    for (const probe of [server?.startupProbe, server?.readinessProbe, server?.livenessProbe]) {
      expect(probe?.httpGet?.port).toBe('health');
    }
    const known = Object.values(SETTINGS).map(({ flag }) => flag.split(' ')[0]);
    const [command, ...flags] = server?.args ?? [];
    expect(command).toBe('serve');
    expect(flags.map((flag) => flag.split('=')[0]).filter((flag) => !known.includes(flag))).toEqual([]);
  });

  it('binds roles and accounts that are there, and calls the Service that is there', () => {
    const rendered = objects();
    const names = (kind: string): readonly (string | undefined)[] =>
      rendered.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
    for (const kind of ['ClusterRoleBinding', 'RoleBinding'] as const) {
      for (const { roleRef, subjects } of all(rendered, kind)) {
        expect(names(roleRef.kind)).toContain(roleRef.name);
        expect(names('ServiceAccount')).toContain(subjects?.[0]?.name);
        expect(subjects?.[0]?.namespace).toBe('authz-system');
      }
    }
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const) {
      for (const { webhooks } of all(rendered, kind)) {
        for (const { clientConfig } of webhooks ?? []) {
          expect(clientConfig.service).toMatchObject({
            name: names('Service')[0],
            namespace: 'authz-system',
            port: 443,
          });
          expect('caBundle' in clientConfig).toBe(allowedCa);
        }
      }
    }
  });
});

it('makes nothing up while it renders, and asks no cluster: every run gives the same', () => {
  for (const file of readdirSync(join(CHART, 'templates'))) {
    const text = readFileSync(join(CHART, 'templates', file), 'utf8');
    expect([
      file,
      /\b(lookup|gen(CA|SignedCert|SelfSignedCert|PrivateKey)\w*|rand\w+|uuidv4|now|htpasswd)\b/.exec(
        [...text.matchAll(/\{\{-?([^]*?)-?\}\}/g)]
          .map(([, action]) => (action ?? '').replaceAll(/\/\*[^]*?\*\/|"[^"]*"/g, ''))
          .join('\n'),
      )?.[0],
    ]).toEqual([file, undefined]);
  }
});

it('holds deleted configs longer than the slowest webhook may take', () => {
  const grace = (values: object): string | undefined =>
    only(render(values), 'Deployment').spec?.template.spec?.containers[0]?.args?.find((flag) =>
      flag.startsWith('--admission-grace='),
    );
  expect(grace({})).toBe('--admission-grace=15');
  expect(grace({ webhooks: { configsMutate: { timeoutSeconds: 30 } } })).toBe('--admission-grace=35');
});

it.each([
  ['http://collector.observability:4318', 4318],
  ['http://[fd00::1]:4317/otlp', 4317],
  ['http://collector', 80],
  ['https://collector.example.com/otlp', 443],
])('sends traces to %s, and lets them out', (endpoint, port) => {
  const rendered = render({ tracing: { enabled: true, endpoint, samplingRatio: 0.25 } });
  expect(only(rendered, 'Deployment').spec?.template.spec?.containers[0]?.args).toEqual(
    expect.arrayContaining([`--tracing-endpoint=${endpoint}`, '--tracing-sampling-ratio=0.25']),
  );
  expect(only(rendered, 'NetworkPolicy').spec?.egress).toContainEqual({ ports: [{ port, protocol: 'TCP' }] });
  expect(JSON.stringify(only(render(), 'Deployment'))).not.toContain('tracing');
});

it('keeps the CRD on uninstall unless told otherwise', () => {
  const policy = (crds: object): unknown =>
    only(render({ crds }), 'CustomResourceDefinition').metadata.annotations?.['helm.sh/resource-policy'];
  expect(policy({ install: true })).toBe('keep');
  expect(policy({ install: true, keep: false })).toBeUndefined();
});
