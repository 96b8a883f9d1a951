/** What is to be put into a runtime config, and what comes of it. */

export interface ResolvedAuthorization {
  /** The full runtime JSON: `{"<configKey>":…,"type":…,"version":"1.0"}`. */
  readonly runtimeJson: string;
  /** The upstream that the workload itself names for its embedded auth server (VirtualMCPServer only). */
  readonly upstream?: string;
}

/** `refusal` is one clause: why this config cannot be carried, and what would help. */
export type RuntimeConfig = { readonly text: string } | { readonly refusal: string };
