/** What webhooks/rbac.yaml lets the server do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

interface Role {
  readonly kind: string;
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const FILE = join(import.meta.dirname, '../../webhooks/rbac.yaml');
const ROLES = parseAllDocuments(readFileSync(FILE, 'utf8')).map((document) => document.toJS() as Role); // our own file

function verbs(kind: 'ClusterRole' | 'Role', group: string, resource: string): readonly string[] {
  const rules = ROLES.filter((role) => role.kind === kind).flatMap((role) => role.rules ?? []);
  return rules
    .filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(resource))
    .flatMap((rule) => rule.verbs)
    .sort();
}

it.each(['mcpauthzconfigs', 'mcpservers', 'mcpremoteproxies', 'virtualmcpservers'])(
  'S4: %s are read, watched and patched, their status is patched, and no more',
  (resource) => {
    expect(verbs('ClusterRole', 'toolhive.stacklok.dev', resource)).toEqual(['get', 'list', 'patch', 'watch']);
    expect(verbs('ClusterRole', 'toolhive.stacklok.dev', `${resource}/status`)).toEqual(['patch']);
  },
);

it('events are written everywhere, the Lease in our own namespace alone', () => {
  expect(verbs('ClusterRole', 'events.k8s.io', 'events')).toEqual(['create', 'patch']);
  expect(verbs('ClusterRole', 'coordination.k8s.io', 'leases')).toEqual([]);
  expect(verbs('Role', 'coordination.k8s.io', 'leases')).toEqual(['create', 'get', 'update']);
});

it('nothing is allowed by a wildcard', () => {
  expect(readFileSync(FILE, 'utf8')).not.toMatch(/\[\s*['"]?\*/);
});
