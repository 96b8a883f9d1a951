/**
 * What a workload's status should say about the config that it refers to. Pure; one function for all three kinds.
 * Condition, reasons and messages are those of ToolHive's workload controllers (handleAuthzConfig).
 */
import { at } from '../api/json.ts';
import { INJECTED, POLICY_VERIFIED } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { AUTHZ_CONFIG, authorizationOf, GROUP, workloadType } from '../api/toolhive.ts';
import type { Answer, ResolvedConfig } from '../rules/contract.ts';
import type { Verdict } from './conditions.ts';
import { problemsMessage } from './config-status.ts';
import { statusView, statusWrite, type StatusView, type StatusVocabulary, type StatusWrite } from './status.ts';

export interface WorkloadFacts {
  readonly workload: KubernetesObject;
  /** Of the reference; `absent` where there is none. */
  readonly config: Answer<ResolvedConfig>;
  /** About its pods. */
  readonly injected?: Verdict | undefined;
  readonly undeclared: ReadonlySet<string>;
  readonly now: Date;
}

const VALIDATED = 'AuthzConfigRefValidated';
const HASH = 'authzConfigHash';
const READY = 'Ready';
const PHASE = 'phase';

export const WORKLOAD_VOCABULARY: StatusVocabulary = {
  conditions: [VALIDATED, POLICY_VERIFIED, READY, INJECTED],
  fields: [HASH, PHASE],
};

export function decideWorkload({ workload, config, injected, undeclared, now }: WorkloadFacts): StatusWrite {
  const view = statusView(workload);
  const { reference } = authorizationOf(workload);
  const wanted =
    reference === undefined ? { verdicts: [], fields: {} } : referring(view, assess(workload, reference, config));
  const verdicts = injected === undefined ? wanted.verdicts : [...wanted.verdicts, injected];
  return statusWrite(view, { ...wanted, verdicts }, WORKLOAD_VOCABULARY, undeclared, now);
}

interface Assessment {
  readonly verdict: Omit<Verdict, 'type'>;
  /** ToolHive's hash of the config, where it can be used. */
  readonly hash?: string;
  /** For our own condition: ToolHive's sentence points at a `Valid` that stands beside it and may say True. */
  readonly ownMessage?: string;
}

function referring(
  { object, owners }: StatusView,
  { verdict, hash, ownMessage }: Assessment,
): Parameters<typeof statusWrite>[1] {
  const type = owners.isForeignCondition(VALIDATED) ? POLICY_VERIFIED : VALIDATED;
  if (verdict.status === 'True') {
    return { verdicts: [{ type, ...verdict }], fields: { [HASH]: hash } };
  }
  return {
    verdicts: [
      { type, ...verdict, ...(type === POLICY_VERIFIED && ownMessage !== undefined ? { message: ownMessage } : {}) },
      { type: READY, status: 'False', reason: 'NotReady', message: verdict.message },
    ],
    fields: {
      // What runs keeps the last config that could be used, so its hash stays (ToolHive does the same).
      [HASH]: at(object, 'status', HASH),
      // Nothing may look ready that cannot be rolled out (U9). Only where no operator says how the workload is.
      [PHASE]: 'Failed',
    },
  };
}

function assess(workload: KubernetesObject, name: string, config: Answer<ResolvedConfig>): Assessment {
  const qualified = `${workload.metadata.namespace ?? ''}/${name}`;
  switch (config.state) {
    case 'unknown':
      return failed('AuthzConfigRefError', `MCPAuthzConfig ${name} could not be read: ${config.why}`);
    case 'absent':
      return failed(
        'AuthzConfigRefNotFound',
        `MCPAuthzConfig ${name} not found: failed to get MCPAuthzConfig ${qualified}: ` +
          `${AUTHZ_CONFIG.resource}.${GROUP} "${name}" not found`,
      );
    case 'present':
      return usable(workload, name, qualified, config.value);
  }
}

/** By the spec as it is, never by the config's own `Valid`, which may be about an earlier one (U3). */
function usable(workload: KubernetesObject, name: string, qualified: string, { analysis }: ResolvedConfig): Assessment {
  if (analysis.problems.length > 0 || analysis.rendering === undefined) {
    const invalid = `MCPAuthzConfig ${name} is not valid`;
    return {
      ...failed(
        'AuthzConfigRefNotValid',
        `${invalid}: MCPAuthzConfig ${qualified} is not valid (condition "Valid" is not True)`,
      ),
      ownMessage: `${invalid}: ${problemsMessage(analysis.problems)}`,
    };
  }
  const types = workloadType(workload.kind)?.authorizerTypes;
  if (types !== undefined && !types.includes(analysis.type)) {
    return failed(
      'AuthzConfigRefNotValid',
      `MCPAuthzConfig ${name} has unsupported type "${analysis.type}" for ${workload.kind}; ` +
        `only ${types.join(', ')} is supported`,
    );
  }
  return {
    verdict: { status: 'True', reason: 'AuthzConfigRefValid', message: `MCPAuthzConfig ${name} is valid and ready` },
    hash: analysis.rendering.toolhiveHash,
  };
}

function failed(reason: string, message: string): Assessment {
  return { verdict: { status: 'False', reason, message } };
}
