/**
 * What is known about one authorization config once its backend has looked at it.
 *
 * An analysis is plain data (it crosses a worker boundary) and depends on nothing but the config's own text.
 */

/** The part of an MCPAuthzConfig's spec that decides everything. `config` is absent where the object has none. */
export interface AuthorizerSpec {
  readonly type: string;
  readonly config: unknown;
}

/** One thing that is wrong, or will not do what its author expects. */
export interface Problem {
  /** Where, as a field path from the object's root, e.g. `spec.config.policies[2]`. */
  readonly path: string;
  /** CamelCase, for machines, e.g. `PolicySyntax`. */
  readonly reason: string;
  /** One sentence for people, offending names in quotes, no line breaks. */
  readonly message: string;
  /** More lines, e.g. the policy's line with a caret under the offending token. */
  readonly detail?: string;
  /**
   * Identifies the offending text independently of where it stands (a digest, never the text itself): a policy that
   * only moved from index 2 to 3 is still the same problem, so an update that did not touch it is not refused for it.
   */
  readonly subject?: string;
}

/** Present only where the config can be rendered, i.e. its type is known and its JSON could be read. */
export interface Rendering {
  /** ToolHive's own `status.configHash`: FNV-1a, 1-8 hex digits (TOOLHIVE: MCPAuthzConfig controller, hash). */
  readonly toolhiveHash: string;
  /** `{"<configKey>":…,"type":…,"version":"1.0"}` in canonical form: what the proxy reads. */
  readonly runtimeJson: string;
  /** sha256 (hex) of {@link runtimeJson}. */
  readonly hash: string;
}

export interface Analysis {
  readonly type: string;
  /** Why the proxy could not be given this config; empty means that the config is valid. */
  readonly problems: readonly Problem[];
  /** What will surprise its author at run time although ToolHive accepts it. */
  readonly advice: readonly Problem[];
  readonly rendering?: Rendering;
}
