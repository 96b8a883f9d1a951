/** Who refers to a config, wherever that was found out. */

export interface FoundReferrer {
  readonly kind: string;
  readonly name: string;
  /** Among files: where the reference is written. */
  readonly file?: string;
  readonly line?: number;
}

export interface UsedBy {
  readonly namespace: string;
  readonly name: string;
  /** Whether the config itself is there. */
  readonly exists: boolean;
  /** Sorted by kind, then name. */
  readonly referrers: readonly FoundReferrer[];
}
