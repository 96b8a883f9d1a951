/** More loops beside that of the shared server: each with a Lease of its own name, and the permission for it. */
import { join } from 'node:path';
import { must, startServerProcess, type ServerProcess } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { kubectl, sharedCluster } from './cluster.ts';

export async function allowLease(name: string): Promise<void> {
  const metadata = { name, namespace: 'mcp-authz-system' };
  const group = 'rbac.authorization.k8s.io';
  const objects = [
    {
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'update'] }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: 'mcp-authz-webhook', namespace: 'mcp-authz-system' }],
    },
  ];
  await must(kubectl, ['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'));
}

/** `serve` under the server's own ServiceAccount. */
export function startLoop(lease: string, flags: readonly string[]): Promise<ServerProcess> {
  const { folder } = sharedCluster();
  const kubeconfig = join(folder, 'mcp-authz-webhook.kubeconfig');
  return startServerProcess(projectRoot(), folder, [
    ...['--kubeconfig', kubeconfig, '--lease-name', lease, '--health-port', '0', '--admission-grace', '5'],
    ...flags,
  ]);
}
