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

/** On a namespace: `Warn` or `Deny`, overrides the server's `missingReference`. */
export const MISSING_REFERENCE_LABEL = `${PREFIX}/missing-reference`;

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
