/**
 * Who writes which field of a status: `metadata.managedFields`, as the API server keeps it for every writer, whatever
 * verb it uses. A field that another manager has is left to it: fill the vacuum, never fight.
 * Source: Kubernetes documentation, Server-Side Apply, "Field management"; sigs.k8s.io/structured-merge-diff, FieldsV1.
 */
import { at, isJsonObject, property, stringAt, type JsonObject } from '../api/json.ts';
import { OWN_CONDITIONS } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { FIELD_MANAGER } from '../kube/write.ts';

export interface StatusOwners {
  /** Another manager has this field of the status, or a part of it. */
  isForeign(field: string): boolean;
  isForeignCondition(type: string): boolean;
  /**
   * One of ours of which another manager has a part. Whoever rewrites the whole list from an older copy (ToolHive's
   * operator patches a config's conditions so) comes to have what it changes, without meaning it.
   */
  isEntangled(type: string): boolean;
  /** We have it, so that leaving it out of what we apply takes it away. */
  isOurs(field: string): boolean;
  isOurCondition(type: string): boolean;
}

/** True where at least one field is still as `manager` wrote it. */
export function wroteAnyOf(object: KubernetesObject, manager: string = FIELD_MANAGER): boolean {
  return managedFieldsOf(object).some((entry) => stringAt(entry, 'manager') === manager);
}

function managedFieldsOf({ metadata }: KubernetesObject): readonly JsonObject[] {
  const entries = property(metadata, 'managedFields');
  return Array.isArray(entries) ? entries.filter(isJsonObject) : [];
}

export function statusOwners(object: KubernetesObject, manager: string = FIELD_MANAGER): StatusOwners {
  const managed = managedFieldsOf(object);
  const statuses = (ours: boolean): readonly JsonObject[] =>
    managed
      .filter((entry) => (stringAt(entry, 'manager') === manager) === ours)
      .map((entry) => at(entry, 'fieldsV1', 'f:status'))
      .filter(isJsonObject);
  const [own, foreign] = [statuses(true), statuses(false)];
  // A list without elements: the CRD has no list map there, and whoever wrote it has all of it.
  const listIsForeign = foreign.some(hasWholeList);
  const inPart = (type: string): boolean => foreign.some((fields) => hasCondition(fields, type));
  return {
    isForeign: (field) => foreign.some((fields) => hasField(fields, field)),
    isForeignCondition: (type) => listIsForeign || (!OWN_CONDITIONS.includes(type) && inPart(type)),
    isEntangled: (type) => !listIsForeign && OWN_CONDITIONS.includes(type) && inPart(type),
    isOurs: (field) => own.some((fields) => hasField(fields, field)),
    isOurCondition: (type) => own.some((fields) => hasCondition(fields, type)),
  };
}

function hasField(status: JsonObject, field: string): boolean {
  return property(status, `f:${field}`) !== undefined;
}

function elementsOf(status: JsonObject): readonly string[] | undefined {
  const conditions = property(status, 'f:conditions');
  return isJsonObject(conditions) ? Object.keys(conditions).filter((key) => key !== '.') : undefined;
}

function hasCondition(status: JsonObject, type: string): boolean {
  return elementsOf(status)?.some((element) => typeOf(element) === type) ?? false;
}

function hasWholeList(status: JsonObject): boolean {
  return elementsOf(status)?.length === 0;
}

/** `k:{"type":"Valid"}` names a list element by its key. */
function typeOf(element: string): string | undefined {
  try {
    return element.startsWith('k:') ? stringAt(JSON.parse(element.slice(2)), 'type') : undefined;
  } catch {
    return undefined;
  }
}
