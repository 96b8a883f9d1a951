/**
 * A config that a workload refers to cannot be deleted.
 *
 * ToolHive accepts the DELETE and then hangs in Terminating; here it is refused while `kubectl delete` waits, with the
 * workloads that hold it. Namespace deletion and garbage collection always pass: whoever refuses those hangs the
 * namespace for ever (Kubernetes documentation, Dynamic Admission Control, "Avoiding deadlocks").
 */
import type { Cause, DeleteInput, DeleteRule, Finding, Referrer } from './contract.ts';

/** The API server shows every cause; more than this says no more to a person. */
const LISTED = 20;

/** Deletions by these are consequences of one that was admitted already. */
export const CLEANUP_USERS: readonly string[] = [
  'system:serviceaccount:kube-system:namespace-controller',
  'system:serviceaccount:kube-system:generic-garbage-collector',
  // Where the controller manager runs all its controllers under one identity.
  'system:kube-controller-manager',
];

export const deletionProtection: DeleteRule = {
  id: 'deletion-protection',
  title: 'An MCPAuthzConfig is not deleted while a workload refers to it.',
  on: 'delete',
  match: { resources: ['mcpauthzconfigs'], operations: ['DELETE'] },
  queries: (input) =>
    isCleanup(input)
      ? []
      : [
          { ask: 'referrers', namespace: input.namespace, name: nameOf(input) },
          { ask: 'namespace', name: input.namespace },
        ],
  check: (input, world) => {
    if (isCleanup(input)) {
      return [];
    }
    const namespace = world.namespace(input.namespace);
    if (namespace.state === 'absent' || (namespace.state === 'present' && namespace.value.terminating)) {
      return [];
    }
    const name = nameOf(input);
    const referrers = world.referrers(input.namespace, name);
    switch (referrers.state) {
      case 'absent':
        return [];
      case 'unknown':
        return [
          {
            level: 'unknown',
            path: '',
            reason: 'ReferrersUnknown',
            message: `Whether a workload refers to MCPAuthzConfig "${name}" could not be found out: ${referrers.why}.`,
          },
        ];
      case 'present':
        return referrers.value.length === 0 ? [] : [inUse(input, name, referrers.value)];
    }
  },
};

function isCleanup({ user }: DeleteInput): boolean {
  return user !== undefined && CLEANUP_USERS.includes(user.username);
}

/** `deletecollection` requests carry no name; the object to be deleted does. */
function nameOf({ name, oldObject }: DeleteInput): string {
  return oldObject.metadata.name ?? name;
}

function inUse({ namespace }: DeleteInput, name: string, referrers: readonly Referrer[]): Finding {
  const count = referrers.length;
  const names = referrers.slice(0, LISTED).map(({ kind, name: workload }) => `${kind} "${workload}"`);
  const rest = count > LISTED ? ` and ${String(count - LISTED)} more` : '';
  return {
    level: 'deny',
    path: '',
    reason: 'ReferencedByWorkloads',
    refusal: 'Conflict',
    message:
      `MCPAuthzConfig "${name}" is in use by ${String(count)} ${count === 1 ? 'workload' : 'workloads'}: ` +
      `${names.join(', ')}${rest}. Remove their reference first, or point them to another config; ` +
      `to see them: kubectl get mcpservers,mcpremoteproxies,virtualmcpservers --namespace ${namespace} ` +
      '--output custom-columns=KIND:.kind,NAME:.metadata.name,CONFIG:..authzConfigRef.name',
    causes: causes(referrers),
  };
}

function causes(referrers: readonly Referrer[]): readonly Cause[] {
  const listed = referrers.slice(0, LISTED).map(({ kind, name }) => ({
    reason: 'ReferencedByWorkloads',
    message: `${kind} "${name}" refers to this config`,
    field: kind === 'VirtualMCPServer' ? 'spec.incomingAuth.authzConfigRef' : 'spec.authzConfigRef',
  }));
  const rest = referrers.length - listed.length;
  return rest === 0
    ? listed
    : [
        ...listed,
        { reason: 'ReferencedByWorkloads', message: `${String(rest)} more workloads refer to it`, field: '' },
      ];
}
