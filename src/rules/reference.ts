/**
 * The MCPAuthzConfig that a workload refers to exists, is not on its way out, is valid, and is of a type that the
 * workload can carry.
 *
 * Absent is a warning by default, because `kubectl apply -f` of one file may bring the workload before its config;
 * being deleted is always refused, because a late reference would hold the deletion for ever (ToolHive gap U5).
 *
 * A reference that was there before the update is only warned about, so what the watch cache has seen will do for it: an
 * update of an image then waits for no read (docs/adr/0042-references-that-stay.md).
 */
import { authorizationOf, workloadType } from '../api/toolhive.ts';
import { MISSING_REFERENCE_LABEL } from '../api/names.ts';
import {
  letThrough,
  type Finding,
  type ResolvedConfig,
  type RulePolicy,
  type WorldView,
  type WriteInput,
  type WriteRule,
} from './contract.ts';
import { WORKLOAD_WRITE } from './workload-write.ts';

export function createReferenceRule(policy: RulePolicy): WriteRule {
  return {
    id: 'reference',
    title: 'The MCPAuthzConfig that a workload refers to exists, is not being deleted, is valid and of a usable type.',
    on: 'write',
    match: WORKLOAD_WRITE,
    tellsOldFromNew: true,
    queries: (input) => {
      const { object, namespace } = input;
      const { reference } = authorizationOf(object);
      if (reference === undefined) {
        return [];
      }
      const config = { ask: 'authzConfig', namespace, name: reference } as const;
      return stays(input, reference)
        ? [{ ...config, asWatched: true }]
        : [config, { ask: 'namespace', name: namespace }];
    },
    check: (input, world) => {
      const { reference, path } = authorizationOf(input.object);
      if (reference === undefined) {
        return [];
      }
      const at = `${path}.authzConfigRef`;
      const config = world.authzConfig(input.namespace, reference);
      if (config.state === 'unknown') {
        return [
          {
            level: 'unknown',
            path: at,
            reason: 'ReferenceUnknown',
            message: `MCPAuthzConfig "${reference}" could not be looked up: ${config.why}.`,
          },
        ];
      }
      const stayed = stays(input, reference);
      if (config.state === 'absent') {
        const choice = stayed ? policy.missingReference : missingReference(input.namespace, world, policy);
        const found = missing(input, at, reference, choice);
        return [stayed ? letThrough(found) : found];
      }
      const found = usable(input, at, reference, config.value);
      return stayed ? found.map(letThrough) : found;
    },
  };
}

/** Whether an update leaves the reference as it was. */
function stays(input: WriteInput, reference: string): boolean {
  return input.operation === 'UPDATE' && authorizationOf(input.oldObject).reference === reference;
}

function missing({ namespace }: WriteInput, path: string, reference: string, choice: 'Warn' | 'Deny'): Finding {
  return {
    level: choice === 'Deny' ? 'deny' : 'warn',
    path,
    reason: 'ReferenceNotFound',
    message:
      `MCPAuthzConfig "${reference}" does not exist in namespace "${namespace}": ToolHive does not roll this workload ` +
      'out until it does. Create it, or correct the name; a config of another namespace cannot be used.',
  };
}

/** The namespace's label wins over the server's setting; a value that is neither word counts as not set. */
function missingReference(namespace: string, world: WorldView, policy: RulePolicy): 'Warn' | 'Deny' {
  const facts = world.namespace(namespace);
  const choice = facts.state === 'present' ? facts.value.labels[MISSING_REFERENCE_LABEL] : undefined;
  return choice === 'Warn' || choice === 'Deny' ? choice : policy.missingReference;
}

function usable(
  { object }: WriteInput,
  path: string,
  reference: string,
  { object: config, analysis }: ResolvedConfig,
): readonly Finding[] {
  const findings: Finding[] = [];
  if (config.metadata.deletionTimestamp !== undefined) {
    findings.push({
      level: 'deny',
      path,
      reason: 'ReferenceTerminating',
      refusal: 'Conflict',
      message:
        `MCPAuthzConfig "${reference}" is being deleted, and a new reference would keep it from going away. ` +
        'Refer to another config, or apply this again once it is gone and was created anew.',
    });
  }
  const types = workloadType(object.kind)?.authorizerTypes;
  if (types !== undefined && !types.includes(analysis.type)) {
    findings.push({
      level: 'deny',
      path,
      reason: 'UnsupportedAuthorizerType',
      // The sentence of ToolHive's own vmcpconfig converter, so that a search finds both.
      message: `MCPAuthzConfig type "${analysis.type}" is not yet supported for ${object.kind}; only ${types.join(', ')} is supported`,
    });
  }
  const [first, ...others] = analysis.problems;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
    findings.push({
      level: 'deny',
      path,
      reason: 'ReferenceInvalid',
      message:
        `MCPAuthzConfig "${reference}" is not valid, and its proxy would not start: ${first.path}: ${first.message}${more} ` +
        'Correct the config first.',
    });
  }
  return findings;
}
