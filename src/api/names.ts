/** The names under which this project is visible in a cluster. Changing one is a breaking change. */

export const PREFIX = 'authz.toolhive.stacklok.dev';

export const ANNOTATIONS = {
  /** sha256 of the canonical full runtime JSON. */
  configHash: `${PREFIX}/config-hash`,
  /** `<name>@<resourceVersion>` of the MCPAuthzConfig that was resolved. */
  configRef: `${PREFIX}/config-ref`,
  /** The full runtime JSON itself, up to {@link RESOLVED_CONFIG_LIMIT}. */
  resolvedConfig: `${PREFIX}/resolved-config`,
} as const;

/** Bytes. Annotations share 256 KiB an object, and every watcher of workloads pays for them. */
export const RESOLVED_CONFIG_LIMIT = 16 * 1024;

/** On a ConfigMap: the MCPAuthzConfig of its namespace that the decision tests in it are of. */
export const DECISION_TESTS_LABEL = `${PREFIX}/decision-tests`;
/** On such a ConfigMap: `Deny` (where it is not there) or `Warn`, what a change that breaks a case gets. */
export const DECISION_TESTS_ACTION = `${PREFIX}/decision-tests-action`;
/** On an MCPAuthzConfig: `Acknowledge` where a change that allows more needs {@link ACKNOWLEDGE_WIDENING}. */
export const WIDENING = `${PREFIX}/widening`;
/** On an MCPAuthzConfig: the first digits of the new config's hash. */
export const ACKNOWLEDGE_WIDENING = `${PREFIX}/acknowledge-widening`;

/** On a namespace: `Warn` or `Deny`, overrides the server's `missingReference`. */
export const MISSING_REFERENCE_LABEL = `${PREFIX}/missing-reference`;
