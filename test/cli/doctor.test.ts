import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { FINALIZER, IN_USE_LABEL } from '../../src/api/names.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { issueCa, issueServing } from '../../src/certs/issue.ts';
import { diagnose } from '../../src/cli/doctor/checks.ts';
import type { Gathered } from '../../src/cli/doctor/gathered.ts';
import { PERMISSIONS, permissionsFor } from '../../src/cli/doctor/permissions.ts';
import { EXIT, jsonReport, textReport, worst } from '../../src/cli/doctor/report.ts';

const NOW = new Date('2026-11-01T12:00:00Z');
const HOUR = 3_600_000;
const API = 'toolhive.stacklok.dev/v1beta1';
const REGISTRATION = 'admissionregistration.k8s.io/v1';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const same = (text: string): string => text;

const ca = await issueCa({ commonName: 'ca', lifetimeMs: 1000 * HOUR, now: NOW });
const other = await issueCa({ commonName: 'other', lifetimeMs: 1000 * HOUR, now: NOW });
const leaf = await issueServing({ ca, dnsNames: ['hook.system.svc'], lifetimeMs: 600 * HOUR, now: NOW });

function configurations(bundle: string, service = 'hook'): KubernetesObject[] {
  return ['Mutating', 'Validating'].map((sort) => ({
    apiVersion: REGISTRATION,
    kind: `${sort}WebhookConfiguration`,
    metadata: { name: 'hook' },
    webhooks: [
      {
        name: `${sort.toLowerCase()}.authz.toolhive.stacklok.dev`,
        clientConfig: { service: { name: service, namespace: 'system' }, caBundle: base64(bundle) },
      },
    ],
  }));
}

function crd(plural: string, rule = 'mutually exclusive', served = true): KubernetesObject {
  const versions = [{ name: 'v1beta1', served, schema: { rule } }];
  const metadata = { name: `${plural}.toolhive.stacklok.dev` };
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, spec: { versions } };
}

const CRDS = ['mcpauthzconfigs', 'mcpservers', 'mcpremoteproxies', 'virtualmcpservers'];
const HEALTHY: Gathered = {
  now: NOW,
  names: { namespace: 'system', configuration: 'hook', secret: 'tls' },
  configurations: configurations(ca.cert),
  secret: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'tls', namespace: 'system' },
    data: { 'tls.crt': base64(leaf.cert), 'tls.key': base64(leaf.key) },
  },
  lease: {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'hook' },
    spec: { holderIdentity: 'pod-1', renewTime: '2026-11-01T11:59:58.000000Z' },
  },
  probes: { good: { kind: 'admitted' }, bad: { kind: 'refused', message: 'no [authz-config]' } },
  account: 'system:serviceaccount:system:hook',
  permissions: PERMISSIONS.map((permission) => ({ ...permission, allowed: true })),
  crds: CRDS.map((plural) => crd(plural)),
  configs: [config('shared')],
  workloads: [server('one', 'shared')],
  unknown: [],
};

function config(name: string, metadata: object = {}): KubernetesObject {
  return { apiVersion: API, kind: 'MCPAuthzConfig', metadata: { namespace: 'a', name, ...metadata }, spec: {} };
}

function server(name: string, reference?: string, metadata: object = {}): KubernetesObject {
  const spec = reference === undefined ? {} : { authzConfigRef: { name: reference } };
  return { apiVersion: API, kind: 'MCPServer', metadata: { namespace: 'a', name, ...metadata }, spec };
}

function told(change: Partial<Gathered>): readonly string[] {
  return diagnose({ ...HEALTHY, ...change })
    .filter(({ level }) => level !== 'ok')
    .map(({ check, level, message, remedy }) => `${level} ${check}: ${message} -> ${remedy ?? 'NO REMEDY'}`);
}

const AGES_AGO = '2026-11-01T11:00:00Z';
const [first, ...rest] = HEALTHY.permissions;

it.each<[string, Partial<Gathered>, readonly (string | RegExp)[]]>([
  ['all is well', {}, []],
  [
    'a configuration is missing',
    { configurations: configurations(ca.cert).slice(1) },
    [/^problem registration: MutatingWebhookConfiguration hook is missing: .* -> kubectl apply -k webhooks/],
  ],
  [
    'caBundle is empty',
    { configurations: configurations('') },
    [
      /^problem caBundle mutating: holds no certificate authority -> self-managed:/,
      /^problem caBundle validating: holds no certificate authority/,
    ],
  ],
  [
    'caBundle is of another CA',
    { configurations: configurations(other.cert).slice(0, 1).concat(configurations(ca.cert).slice(1)) },
    [/^problem caBundle mutating: holds no authority that signed the serving certificate/],
  ],
  ['caBundle holds another CA beside ours', { configurations: configurations(other.cert + ca.cert) }, []],
  [
    'the Service has another name',
    { configurations: configurations(ca.cert, 'renamed') },
    [/calls renamed\.system\.svc, and the serving certificate is for hook\.system\.svc/, /calls renamed/],
  ],
  [
    'the certificate expired',
    { now: new Date(NOW.getTime() + 601 * HOUR), lease: undefined },
    [/^problem certificate: the serving certificate expired at 2026-11-26T12:00:00.000Z/, /no replica leads/],
  ],
  [
    'the certificate was not renewed in time',
    { now: new Date(NOW.getTime() + 550 * HOUR), lease: undefined },
    [/^warning certificate: the serving certificate expires at .* and was not renewed/, /no replica leads/],
  ],
  ['own files: nothing can be said of the certificate', { secret: undefined }, []],
  [
    'the webhook cannot be reached',
    { probes: { good: { kind: 'failed', message: 'failed calling webhook' }, bad: { kind: 'failed', message: 'x' } } },
    [/^problem webhook: failed calling webhook -> see the message/],
  ],
  [
    'the webhook is not asked',
    { probes: { good: { kind: 'admitted' }, bad: { kind: 'admitted' } } },
    [/^problem webhook: a config that no proxy can load was let through -> see whether/],
  ],
  [
    'somebody else answers',
    { probes: { good: { kind: 'refused', message: 'quota' }, bad: { kind: 'refused', message: 'quota' } } },
    [/^warning webhook: what must be refused was refused by somebody else: quota/, /what must pass was refused: quota/],
  ],
  [
    'a permission is missing',
    { permissions: first === undefined ? [] : [{ ...first, allowed: false }, ...rest] },
    [/^problem permissions: .* may not get mcpauthzconfigs.toolhive.stacklok.dev: .* -> grant it: .*the ClusterRole/],
  ],
  [
    'with certificates from files, what they would need is not missed',
    {
      secret: undefined,
      permissions: HEALTHY.permissions.map((each) => ({ ...each, allowed: each.resource !== 'secrets' })),
    },
    [],
  ],
  [
    'with certificates of our own, it is',
    { permissions: HEALTHY.permissions.map((each) => ({ ...each, allowed: each.resource !== 'secrets' })) },
    [
      /may not create secrets: certificates are self-managed -> grant it: .*the Role/,
      /may not get secrets mcp-authz-webhook-tls:/,
      /may not update secrets mcp-authz-webhook-tls:/,
    ],
  ],
  ['nobody leads', { lease: undefined }, [/^warning leader: no replica leads/]],
  [
    'a CRD is missing, one serves no known version, one has no rule',
    { crds: [crd('mcpauthzconfigs'), crd('mcpservers', 'x', false), crd('virtualmcpservers', 'x')] },
    [
      /^problem crd mcpservers: none of its versions/,
      /^problem crd mcpremoteproxies: mcpremoteproxies.toolhive.stacklok.dev is not installed/,
      /^warning crd virtualmcpservers: it has no CEL rule/,
    ],
  ],
  [
    'a config is being deleted for an hour and still in use',
    { configs: [config('shared', { deletionTimestamp: AGES_AGO, finalizers: [FINALIZER] })] },
    [
      /^warning terminating: MCPAuthzConfig a\/shared is being deleted since .* -> take the reference out of MCPServer a\/one/,
    ],
  ],
  [
    'a workload waits for a finalizer of others',
    { workloads: [server('one', 'shared', { deletionTimestamp: AGES_AGO, finalizers: ['x/y'] })] },
    [/^problem terminating: MCPServer a\/one .* waits for x\/y -> see why the controller/],
  ],
  [
    'a reference points nowhere',
    { workloads: [server('one', 'gone')] },
    [/^warning references: MCPServer a\/one refers to MCPAuthzConfig gone, which does not exist -> create it/],
  ],
  [
    'label and annotations were left behind',
    {
      configs: [config('shared', { labels: { [IN_USE_LABEL]: 'true' } })],
      workloads: [server('one', undefined, { annotations: { 'authz.toolhive.stacklok.dev/config-hash': 'x' } })],
    },
    [
      /^warning leftovers: MCPServer a\/one has annotations of ours and no reference -> see whether a replica leads/,
      /^warning leftovers: MCPAuthzConfig a\/shared is labelled as in use and is not/,
    ],
  ],
  [
    'something could not be read',
    { unknown: [{ what: 'Secret tls', why: 'forbidden' }] },
    ['warning access: Secret tls could not be looked at: forbidden -> run the doctor as somebody who may read it'],
  ],
])('%s', (_title, change, expected) => {
  expect(told(change)).toEqual(
    expected.map((each) => (typeof each === 'string' ? each : (expect.stringMatching(each) as string))),
  );
});

it('writes one line a check, with the remedy below, and counts', () => {
  const diagnoses = [
    { check: 'leader', level: 'ok', message: 'pod-1 leads' },
    { check: 'webhook', level: 'problem', message: 'not reached', remedy: 'start it' },
  ] as const;
  expect(textReport(diagnoses, { ok: same, warning: same, problem: same })).toBe(
    'ok       leader: pod-1 leads\nproblem  webhook: not reached\n         -> start it\n\n1 ok, 0 warnings, 1 problems\n',
  );
  expect(JSON.parse(jsonReport(diagnoses))).toEqual({ level: 'problem', checks: diagnoses });
  expect(EXIT[worst(diagnoses)]).toBe(2);
});

it('asks for permissions by the names of the installation', () => {
  const named = permissionsFor({ lease: 'l', secret: 's', configuration: 'c' });
  expect(new Set(named.map(({ resource, name }) => (name === undefined ? '' : `${resource} ${name}`)))).toEqual(
    new Set(['', 'mutatingwebhookconfigurations c', 'validatingwebhookconfigurations c', 'leases l', 'secrets s']),
  );
});

it('asks for exactly the permissions that webhooks/rbac.yaml grants', () => {
  interface Rule {
    apiGroups: string[];
    resources: string[];
    resourceNames?: string[];
    verbs: string[];
  }
  const granted = parseAllDocuments(readFileSync(new URL('../../webhooks/rbac.yaml', import.meta.url), 'utf8'))
    .map((document) => document.toJS() as { kind: string; rules?: Rule[] })
    .flatMap(({ kind, rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            resourceNames.flatMap((name) => verbs.map((verb) => [kind, group, resource, name, verb].join(' '))),
          ),
        ),
      ),
    );
  const asked = PERMISSIONS.map(({ group, resource, subresource, name = '', verb, own }) =>
    [own === true ? 'Role' : 'ClusterRole', group, [resource, subresource].filter(Boolean).join('/'), name, verb].join(
      ' ',
    ),
  );
  expect(asked.toSorted()).toEqual(granted.toSorted());
});
