import { isJsonObject, property, type JsonObject } from './json.ts';

/** The metadata that rules read; everything else stays in the object untouched. */
export interface ObjectMeta extends JsonObject {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** Any namespaced API object as the API server sends it. */
export interface KubernetesObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Says in one clause what keeps a value from being a Kubernetes object; undefined if nothing does. */
export function objectDefect(value: unknown): string | undefined {
  if (!isJsonObject(value)) {
    return 'it is not a JSON object';
  }
  const { apiVersion, kind, metadata } = value;
  return requiredString('apiVersion', apiVersion) ?? requiredString('kind', kind) ?? metadataDefect(metadata);
}

export function isKubernetesObject(value: unknown): value is KubernetesObject {
  return objectDefect(value) === undefined;
}

function metadataDefect(metadata: unknown): string | undefined {
  if (!isJsonObject(metadata)) {
    return '"metadata" is missing or not an object';
  }
  const { name, generateName, namespace, uid, resourceVersion, deletionTimestamp } = metadata;
  const { annotations, labels, finalizers, generation } = metadata;
  return (
    string('name', name) ??
    string('generateName', generateName) ??
    string('namespace', namespace) ??
    string('uid', uid) ??
    string('resourceVersion', resourceVersion) ??
    string('deletionTimestamp', deletionTimestamp) ??
    optional('annotations', annotations, isStringMap, 'a map of strings') ??
    optional('labels', labels, isStringMap, 'a map of strings') ??
    optional('finalizers', finalizers, isStringList, 'a list of strings') ??
    optional('generation', generation, isNumber, 'a number')
  );
}

function requiredString(key: string, value: unknown): string | undefined {
  return isString(value) ? undefined : `"${key}" is missing or not a string`;
}

function string(key: string, value: unknown): string | undefined {
  return optional(key, value, isString, 'a string');
}

function optional(key: string, value: unknown, is: (value: unknown) => boolean, what: string): string | undefined {
  return value === undefined || is(value) ? undefined : `"metadata.${key}" is not ${what}`;
}

const isString = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isStringList = (value: unknown): boolean => Array.isArray(value) && value.every(isString);

function isStringMap(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every(isString);
}

export function annotation(object: KubernetesObject, key: string): string | undefined {
  const value = property(object.metadata.annotations, key);
  return typeof value === 'string' ? value : undefined;
}

export const CONFIG_MAPS = 'configmaps';

export function isConfigMap({ apiVersion, kind }: KubernetesObject): boolean {
  return apiVersion === 'v1' && kind === 'ConfigMap';
}

export function label(object: KubernetesObject, key: string): string | undefined {
  const value = property(object.metadata.labels, key);
  return typeof value === 'string' ? value : undefined;
}
