/** One call that a client makes of an MCP server, and what authorization says of it. Plain data. */
import type { JsonObject } from '../api/json.ts';

export interface DecisionRequest {
  /** The claims of the caller's token; undefined for a caller without identity. */
  readonly claims: JsonObject | undefined;
  /** `tool`, `prompt` or `resource`. */
  readonly feature: string;
  /** `call`, `get`, `read` or `list`. */
  readonly operation: string;
  /** The tool's or prompt's name, or the resource's URI. */
  readonly id: string;
  readonly args: JsonObject | undefined;
  /** The workload's name. */
  readonly server: string;
  /** What the server announced of the tool, e.g. `readOnlyHint`. */
  readonly annotations?: JsonObject | undefined;
  /** By provider, the claims of the tokens that the embedded authorization server keeps for the caller. */
  readonly upstream?: JsonObject | undefined;
}

export interface Decision {
  readonly allow: boolean;
  /** Indexes of the policies that decided: those that erred, else those that forbade, else those that permitted. */
  readonly policies: readonly number[];
  /** Why there was no decision on the policies' merits; any error denies. */
  readonly errors: readonly string[];
}

/** Of a policy, in the order in which they are looked at. */
export type PolicyPart = 'principal' | 'action' | 'resource' | 'condition';

/** Is told, of each policy that did not match, the first part that did not hold. */
export type Trace = (policy: number, missing: PolicyPart) => void;

/** Pure: the same request, the same decision. */
export type Decide = (request: DecisionRequest, trace?: Trace) => Decision;

export function denied(error: string): Decision {
  return { allow: false, policies: [], errors: [error] };
}
