/** What the doctor looks at, as values: gathered once, then judged by pure functions. */
import type { KubernetesObject } from '../../api/objects.ts';
import type { Permission } from './permissions.ts';

/** What came of a dry-run write. */
export type ProbeOutcome =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface Gathered {
  readonly now: Date;
  readonly names: { readonly namespace: string; readonly configuration: string; readonly secret: string };
  /** The two webhook configurations that are there. */
  readonly configurations: readonly KubernetesObject[];
  readonly secret: KubernetesObject | undefined;
  readonly lease: KubernetesObject | undefined;
  /** Undefined where ToolHive's API is not served: nothing could be asked. */
  readonly probes: { readonly good: ProbeOutcome; readonly bad: ProbeOutcome } | undefined;
  readonly account: string;
  readonly permissions: readonly (Permission & { readonly allowed: boolean })[];
  readonly crds: readonly KubernetesObject[];
  readonly configs: readonly KubernetesObject[];
  readonly workloads: readonly KubernetesObject[];
  /** What could not be looked at, and why. */
  readonly unknown: readonly { readonly what: string; readonly why: string }[];
}
