/** The two ConfigMaps of a workload whose pods are given a config, and when they have to go. */
import type { JsonObject } from '../api/json.ts';
import { ANNOTATIONS, COMPONENT_LABEL, REFERENCE_KEY, referenceMapName, runtimeCopyName } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type { ProxyType } from '../api/toolhive.ts';
import type { InjectionPlan } from './plan.ts';

export interface DesiredMap extends JsonObject {
  readonly apiVersion: 'v1';
  readonly kind: 'ConfigMap';
  readonly metadata: JsonObject & { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
}

export interface DesiredMaps {
  readonly apply: readonly DesiredMap[];
  /** Names. */
  readonly remove: readonly string[];
}

const COMPONENTS = { reference: 'authz-ref', copy: 'authz-runconfig' } as const;
const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'mcp-authz-webhook' };

/**
 * Where nothing can be enforced there are none, so that a pod that mounts them waits. The copy is kept in step also
 * where the operator's own config carries the same: pods that were made before it did still mount it.
 */
export function desiredMaps(type: ProxyType, workload: KubernetesObject, plan: InjectionPlan): DesiredMaps {
  const name = workload.metadata.name ?? '';
  const [reference, copy] = [referenceMapName(name), runtimeCopyName(name)];
  if (plan.state !== 'resolved') {
    return { apply: [], remove: [reference, copy] };
  }
  const make = (component: string, mapName: string, data: Readonly<Record<string, string>>): DesiredMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: mapName,
      namespace: workload.metadata.namespace,
      labels: { ...MANAGED_BY, [COMPONENT_LABEL]: component },
      annotations: { [ANNOTATIONS.configHash]: plan.hash },
      ownerReferences: [ownerReference(workload)],
    },
    data,
  });
  const ref = make(COMPONENTS.reference, reference, { [REFERENCE_KEY]: plan.runtimeJson });
  return plan.copy === undefined
    ? { apply: [ref], remove: [copy] }
    : { apply: [ref, make(COMPONENTS.copy, copy, { [type.key]: plan.copy })], remove: [] };
}

/** Gone with the workload, and never what holds it up: we are not its controller. */
function ownerReference({ apiVersion, kind, metadata: { name, uid } }: KubernetesObject): JsonObject {
  return { apiVersion, kind, name, uid, controller: false, blockOwnerDeletion: false };
}
