/** Objects with a status and the managedFields that the API server would keep for whoever wrote it. */
import type { KubernetesObject } from '../../src/api/objects.ts';
import { FIELD_MANAGER } from '../../src/kube/write.ts';

export const OPERATOR = 'thv-operator';

/** `object` with `status`, all of it written by `manager`. */
export function writtenBy(
  manager: string,
  object: KubernetesObject,
  status: Readonly<Record<string, unknown>>,
): KubernetesObject {
  const conditions = (status['conditions'] ?? []) as readonly { type: string }[]; // the caller's own literal
  const fields = Object.keys(status).filter((name) => name !== 'conditions');
  const elements = conditions.map((entry): readonly [string, object] => [
    `k:{"type":"${entry.type}"}`,
    { '.': {}, ...Object.fromEntries(Object.keys(entry).map((key) => [`f:${key}`, {}])) },
  ]);
  const keyed = Object.fromEntries(elements);
  const managed = {
    manager,
    operation: manager === FIELD_MANAGER ? 'Apply' : 'Update',
    apiVersion: object.apiVersion,
    fieldsType: 'FieldsV1',
    subresource: 'status',
    fieldsV1: {
      'f:status': {
        ...Object.fromEntries(fields.map((name) => [`f:${name}`, {}])),
        ...(elements.length === 0 ? {} : { 'f:conditions': { '.': {}, ...keyed } }),
      },
    },
  };
  const earlier = (object.metadata['managedFields'] ?? []) as readonly unknown[]; // made by this function
  const before = (object['status'] ?? {}) as { conditions?: readonly unknown[] }; // likewise
  return {
    ...object,
    metadata: { ...object.metadata, managedFields: [...earlier, managed] },
    status: {
      ...before,
      ...status,
      ...(conditions.length + (before.conditions?.length ?? 0) === 0
        ? {}
        : { conditions: [...(before.conditions ?? []), ...conditions] }),
    },
  };
}

/** As the API server has it once what was decided is applied: ours replaced as a whole, everybody else's kept. */
export function afterApply(object: KubernetesObject, status: Readonly<Record<string, unknown>>): KubernetesObject {
  const managed = (object.metadata['managedFields'] ?? []) as readonly { manager: string }[];
  const foreign = managed.filter(({ manager }) => manager !== FIELD_MANAGER);
  const kept = JSON.stringify(foreign);
  const before = (object['status'] ?? {}) as Record<string, unknown> & { conditions?: readonly { type: string }[] };
  const { conditions = [], ...fields } = before;
  const theirs = {
    ...Object.fromEntries(Object.entries(fields).filter(([name]) => kept.includes(`"f:${name}"`))),
    ...(conditions.length === 0
      ? {}
      : { conditions: conditions.filter(({ type }) => kept.includes(JSON.stringify(`k:{"type":"${type}"}`))) }),
  };
  const bare = { ...object, metadata: { ...object.metadata, managedFields: foreign }, status: theirs };
  return writtenBy(FIELD_MANAGER, bare, status);
}
