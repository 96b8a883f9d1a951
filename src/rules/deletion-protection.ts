/**
 * A config that a workload refers to cannot be deleted.
 *
 * ToolHive accepts the DELETE and then hangs in Terminating; here it is refused while `kubectl delete` waits, with the
 * workloads that hold it. Namespace deletion and garbage collection always pass: whoever refuses those hangs the
 * namespace for ever (Kubernetes documentation, Dynamic Admission Control, "Avoiding deadlocks").
 */
import { BREAK_GLASS_ANNOTATION, BYPASS_VERB } from '../api/names.ts';
import { breakGlass } from './break-glass.ts';
import type { Cause, DeleteInput, DeleteRule, Finding, Query, Referrer, WorldView } from './contract.ts';

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
          ...bypassQuery(input),
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
    const glass = broken(input, world);
    if (glass?.level === 'audit') {
      return used(input, world) ? [glass] : [];
    }
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
        return referrers.value.length === 0
          ? []
          : [inUse(input, name, referrers.value), ...(glass === undefined ? [] : [glass])];
    }
  },
};

function bypassQuery(input: DeleteInput): readonly Query[] {
  const { user, namespace, oldObject, now } = input;
  return user !== undefined && breakGlass(oldObject, now).state === 'open'
    ? [{ ask: 'mayBypass', namespace, name: nameOf(input), user }]
    : [];
}

/** What becomes of a break-glass annotation: `audit` where it is honoured, else why it is not. */
function broken(input: DeleteInput, world: WorldView): Finding | undefined {
  const { user, namespace, oldObject, now } = input;
  const name = nameOf(input);
  const glass = breakGlass(oldObject, now);
  const path = `metadata.annotations[${BREAK_GLASS_ANNOTATION}]`;
  if (glass.state === 'none' || user === undefined) {
    return undefined;
  }
  if (glass.state === 'unusable') {
    const message = `The break-glass annotation is not honoured: ${glass.why}.`;
    return { level: 'deny', path, reason: 'BreakGlassUnusable', refusal: 'Conflict', message };
  }
  const may = world.mayBypass(namespace, name, user);
  if (may.state === 'unknown') {
    const message = `Whether user "${user.username}" may break the glass could not be found out: ${may.why}.`;
    return { level: 'unknown', path, reason: 'BreakGlassUnknown', message };
  }
  if (may.state === 'absent' || !may.value) {
    const message =
      `The break-glass annotation is not honoured: user "${user.username}" is not granted the verb "${BYPASS_VERB}" on ` +
      `mcpauthzconfigs in namespace "${namespace}".`;
    return { level: 'deny', path, reason: 'BreakGlassForbidden', refusal: 'Forbidden', message };
  }
  const message = `User "${user.username}" broke the glass until ${glass.until.toISOString()}: ${glass.reason}`;
  return { level: 'audit', path, reason: 'BreakGlass', message };
}

/** Where it is not known it may be: the glass is for the hour in which little works. */
function used(input: DeleteInput, world: WorldView): boolean {
  const referrers = world.referrers(input.namespace, nameOf(input));
  return referrers.state === 'unknown' || (referrers.state === 'present' && referrers.value.length > 0);
}

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
