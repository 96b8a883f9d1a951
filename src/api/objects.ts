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
  for (const key of ['apiVersion', 'kind']) {
    if (typeof property(value, key) !== 'string') {
      return `"${key}" is missing or not a string`;
    }
  }
  return metadataDefect(property(value, 'metadata'));
}

export function isKubernetesObject(value: unknown): value is KubernetesObject {
  return objectDefect(value) === undefined;
}

const STRINGS = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'deletionTimestamp'];
const STRING_MAPS = ['annotations', 'labels'];

function metadataDefect(metadata: unknown): string | undefined {
  if (!isJsonObject(metadata)) {
    return '"metadata" is missing or not an object';
  }
  for (const key of STRINGS) {
    const value = property(metadata, key);
    if (value !== undefined && typeof value !== 'string') {
      return `"metadata.${key}" is not a string`;
    }
  }
  for (const key of STRING_MAPS) {
    const value = property(metadata, key);
    if (value !== undefined && !isStringMap(value)) {
      return `"metadata.${key}" is not a map of strings`;
    }
  }
  const finalizers = property(metadata, 'finalizers');
  if (finalizers !== undefined && !(Array.isArray(finalizers) && finalizers.every((f) => typeof f === 'string'))) {
    return '"metadata.finalizers" is not a list of strings';
  }
  const generation = property(metadata, 'generation');
  if (generation !== undefined && typeof generation !== 'number') {
    return '"metadata.generation" is not a number';
  }
  return undefined;
}

function isStringMap(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every((entry) => typeof entry === 'string');
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
