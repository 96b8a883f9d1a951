/**
 * Who writes which field of a status: `metadata.managedFields`, as the API server keeps it for every writer, whatever
 * verb it uses. A field that another manager has is left to it: fill the vacuum, never fight.
 * Source: Kubernetes documentation, Server-Side Apply, "Field management"; sigs.k8s.io/structured-merge-diff, FieldsV1.
 */
import { at, isJsonObject, property, stringAt, type JsonObject } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { FIELD_MANAGER } from '../kube/write.ts';

export interface StatusOwners {
  /** Another manager has this field of the status, or a part of it. */
  isForeign(field: string): boolean;
  isForeignCondition(type: string): boolean;
  /** We have it, so that leaving it out of what we apply takes it away. */
  isOurs(field: string): boolean;
  isOurCondition(type: string): boolean;
}

export function statusOwners(object: KubernetesObject, manager: string = FIELD_MANAGER): StatusOwners {
  const entries = property(object.metadata, 'managedFields');
  const managed = Array.isArray(entries) ? entries.filter(isJsonObject) : [];
  const statuses = (ours: boolean): readonly JsonObject[] =>
    managed
      .filter((entry) => (stringAt(entry, 'manager') === manager) === ours)
      .map((entry) => at(entry, 'fieldsV1', 'f:status'))
      .filter(isJsonObject);
  const [own, foreign] = [statuses(true), statuses(false)];
  return {
    isForeign: (field) => foreign.some((fields) => hasField(fields, field)),
    isForeignCondition: (type) => foreign.some((fields) => hasCondition(fields, type)),
    isOurs: (field) => own.some((fields) => hasField(fields, field)),
    isOurCondition: (type) => own.some((fields) => hasCondition(fields, type)),
  };
}

function hasField(status: JsonObject, field: string): boolean {
  return property(status, `f:${field}`) !== undefined;
}

function hasCondition(status: JsonObject, type: string): boolean {
  const conditions = property(status, 'f:conditions');
  if (!isJsonObject(conditions)) {
    return false;
  }
  const elements = Object.keys(conditions).filter((key) => key !== '.');
  // No elements: the CRD has no list map there, and whoever wrote the list has all of it.
  return elements.length === 0 || elements.some((key) => typeOf(key) === type);
}

/** `k:{"type":"Valid"}` names a list element by its key. */
function typeOf(element: string): string | undefined {
  try {
    return element.startsWith('k:') ? stringAt(JSON.parse(element.slice(2)), 'type') : undefined;
  } catch {
    return undefined;
  }
}
