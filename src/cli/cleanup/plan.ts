/** What of ours is in a cluster, and the write that takes each away. Pure: found objects in, removals out. */
import { isJsonObject } from '../../api/json.ts';
import { ANNOTATIONS, FINALIZER, IN_USE_LABEL, PREFIX } from '../../api/names.ts';
import type { KubernetesObject } from '../../api/objects.ts';
import { at, stringAt } from '../../api/json.ts';
import { FIELD_MANAGER } from '../../kube/write.ts';

export interface FoundObject {
  /** Of the object. */
  readonly path: string;
  readonly object: KubernetesObject;
}

export type Removal = { readonly what: string; readonly path: string } & (
  | { readonly kind: 'delete'; readonly uid: string }
  /** JSON merge patch, with the resourceVersion as precondition. */
  | { readonly kind: 'patch'; readonly patch: object }
  /** Server-side apply of nothing by us to the status: gives up every field that only we own. */
  | { readonly kind: 'status'; readonly body: object }
);

/** Written by us; what people write under the same prefix (such as missing-reference of a namespace) is theirs. */
const OUR_LABELS: readonly string[] = [IN_USE_LABEL];
const OUR_ANNOTATIONS: readonly string[] = Object.values(ANNOTATIONS);

/** Of a config or workload: metadata and status of ours; nothing where there is none. */
export function objectRemovals({ path, object }: FoundObject): readonly Removal[] {
  return [...metadataRemovals({ path, object }), ...statusRemovals({ path, object })];
}

function metadataRemovals({ path, object }: FoundObject): readonly Removal[] {
  const { metadata } = object;
  const finalizers = metadata.finalizers ?? [];
  const annotations = OUR_ANNOTATIONS.filter((name) => Object.hasOwn(metadata.annotations ?? {}, name));
  const labels = OUR_LABELS.filter((name) => Object.hasOwn(metadata.labels ?? {}, name));
  const held = finalizers.includes(FINALIZER);
  const what = [
    ...(held ? ['finalizer'] : []),
    ...[...labels, ...annotations].map((name) => name.slice(PREFIX.length + 1)),
  ];
  if (what.length === 0) {
    return [];
  }
  const patch = {
    metadata: {
      resourceVersion: metadata.resourceVersion,
      ...(held ? { finalizers: finalizers.filter((name) => name !== FINALIZER) } : {}),
      ...(annotations.length === 0 ? {} : { annotations: nothing(annotations) }),
      ...(labels.length === 0 ? {} : { labels: nothing(labels) }),
    },
  };
  return [{ kind: 'patch', what: `${what.join(', ')} of ${described(object)}`, path, patch }];
}

function statusRemovals({ path, object }: FoundObject): readonly Removal[] {
  const entries = at(object, 'metadata', 'managedFields');
  const managed: readonly unknown[] = Array.isArray(entries) ? entries : [];
  const ours = managed.some(
    (entry) =>
      stringAt(entry, 'manager') === FIELD_MANAGER &&
      stringAt(entry, 'operation') === 'Apply' &&
      stringAt(entry, 'subresource') === 'status' &&
      isJsonObject(at(entry, 'fieldsV1')),
  );
  const { apiVersion, kind, metadata } = object;
  // Being deleted with nothing but our finalizer, it is gone by now.
  const body = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace } };
  return ours && metadata.deletionTimestamp === undefined
    ? [{ kind: 'status', what: `our part of the status of ${described(object)}`, path, body }]
    : [];
}

export function deletion({ path, object }: FoundObject): Removal {
  return { kind: 'delete', what: described(object), path, uid: object.metadata.uid ?? '' };
}

export function described({ kind, metadata: { namespace, name = '' } }: KubernetesObject): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function nothing(names: readonly string[]): Readonly<Record<string, null>> {
  return Object.fromEntries(names.map((name) => [name, null]));
}
