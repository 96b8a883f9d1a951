/** AdmissionReview of admission.k8s.io/v1, as far as it is used (k8s.io/api/admission/v1/types.go). */
import type { PatchOperation } from './json-patch.ts';
import type { KubernetesObject } from './objects.ts';

export const ADMISSION_API_VERSION = 'admission.k8s.io/v1';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource: string;
  readonly name: string;
  readonly namespace: string;
  readonly operation: AdmissionOperation;
  readonly userInfo: { readonly username: string; readonly groups: readonly string[] };
  /** There where the operation promises it: of CREATE and UPDATE. */
  readonly object: KubernetesObject | undefined;
  /** Of UPDATE and DELETE. */
  readonly oldObject: KubernetesObject | undefined;
  readonly dryRun: boolean;
}

/** metav1.Status, as far as a refusal uses it. */
export interface Status {
  readonly status: 'Failure';
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
  };
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: Status;
  readonly warnings?: readonly string[];
  /** The API server prefixes each key with the webhook's name. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly patch?: readonly PatchOperation[];
}
