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

/** Conditions that nobody else speaks of: our verdict where another manager has the condition for it; a workload's pods. */
export const POLICY_VERIFIED = 'PolicyVerified';
export const INJECTED = 'AuthzInjected';
export const OWN_CONDITIONS: readonly string[] = [POLICY_VERIFIED, INJECTED];

/** On an MCPAuthzConfig: it stays until no workload refers to it. */
export const FINALIZER = `${PREFIX}/deletion-protection`;

/** On an MCPAuthzConfig: `<RFC 3339 expiry> <reason>`; lets who may `bypass` delete it although it is referred to. */
export const BREAK_GLASS_ANNOTATION = `${PREFIX}/break-glass`;

/** Of a SubjectAccessReview, on mcpauthzconfigs. */
export const BYPASS_VERB = 'bypass';

/** On an MCPAuthzConfig that a workload refers to: `true`. The API server's own policy protects by it while we are down. */
export const IN_USE_LABEL = `${PREFIX}/in-use`;

/** On the Secret of self-managed certificates: `true`. Without it a Secret is somebody else's and left alone. */
export const SELF_MANAGED_LABEL = `${PREFIX}/self-managed`;

/** ConfigMap of a workload: the resolved config as text, key {@link REFERENCE_KEY}; mounted beside the proxy. */
export function referenceMapName(workload: string): string {
  return `${workload}-authz-ref`;
}

export const REFERENCE_KEY = 'authz.json';

/** ConfigMap of a workload: the operator's runtime config with the resolved authorization in it. */
export function runtimeCopyName(workload: string): string {
  return `${workload}-authz-runconfig`;
}

/** On both of these ConfigMaps: which of the two it is. The loop watches by it. */
export const COMPONENT_LABEL = `${PREFIX}/component`;

/** Instead of a hash, on a pod whose config could not be used when it was made: it waits until there is one. */
export const UNRESOLVED = 'unresolved';
