/** What the server's account must be allowed to do: the same as webhooks/rbac.yaml, which a test compares. */
import { GROUP } from '../../api/toolhive.ts';

export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  /** Of the one object that the permission is for. */
  readonly name?: string;
  /** Within the server's own namespace only. */
  readonly own?: true;
  /** Why the server needs it, for who has to grant it. */
  readonly why: string;
}

/** By the names that an installation has, where they are not the shipped ones. */
export function permissionsFor(names: {
  readonly lease: string;
  readonly secret: string;
  readonly configuration: string;
}): readonly Permission[] {
  const named = (resource: string): string =>
    resource === 'leases' ? names.lease : resource === 'secrets' ? names.secret : names.configuration;
  return PERMISSIONS.map((each) => (each.name === undefined ? each : { ...each, name: named(each.resource) }));
}

const KINDS = ['mcpauthzconfigs', 'mcpservers', 'mcpremoteproxies', 'virtualmcpservers'];
const NAME = 'mcp-authz-webhook';
const SECRET = 'mcp-authz-webhook-tls';

export const PERMISSIONS: readonly Permission[] = [
  ...KINDS.flatMap((resource) => [
    ...['get', 'list', 'watch'].map((verb) => ({ group: GROUP, resource, verb, why: 'references are looked up' })),
    { group: GROUP, resource, verb: 'patch', why: 'annotations, finalizer and label are written' },
    { group: GROUP, resource, subresource: 'status', verb: 'patch', why: 'conditions are written' },
  ]),
  ...['create', 'patch'].map((verb) => ({
    ...{ group: 'events.k8s.io', resource: 'events', verb },
    why: 'events tell of changed verdicts',
  })),
  {
    ...{ group: 'authorization.k8s.io', resource: 'subjectaccessreviews', verb: 'create' },
    why: 'whoever breaks the glass must be granted it',
  },
  { group: '', resource: 'namespaces', verb: 'get', why: 'a namespace may say how strict to be' },
  ...['get', 'list', 'watch', 'create', 'patch', 'delete'].map((verb) => ({
    ...{ group: '', resource: 'configmaps', verb },
    why: 'the resolved config is carried to the pods',
  })),
  ...['list', 'watch'].map((verb) => ({ group: '', resource: 'pods', verb, why: 'pods show which config they carry' })),
  {
    ...{ group: '', resource: 'pods', subresource: 'eviction', verb: 'create' },
    why: 'pods with an outdated config are replaced, with --rollout Evict',
  },
  ...['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'].flatMap((resource) =>
    ['get', 'patch'].map((verb) => ({
      ...{ group: 'admissionregistration.k8s.io', resource, verb, name: NAME },
      why: 'caBundle is written when certificates are self-managed',
    })),
  ),
  lease('create'),
  lease('get', NAME),
  lease('update', NAME),
  secret('create'),
  secret('get', SECRET),
  secret('update', SECRET),
];

function lease(verb: string, name?: string): Permission {
  const why = 'one replica is elected to run the loop';
  return { group: 'coordination.k8s.io', resource: 'leases', verb, own: true, why, ...named(name) };
}

function secret(verb: string, name?: string): Permission {
  return { group: '', resource: 'secrets', verb, own: true, why: 'certificates are self-managed', ...named(name) };
}

function named(name: string | undefined): { name?: string } {
  return name === undefined ? {} : { name };
}
