/** What a manifest is to us: an object of ToolHive's, a fact about the cluster, a proxy's own file, or nothing. */
import { at, isJsonObject, property, stringAt } from '../../api/json.ts';
import { DECISION_TESTS_LABEL } from '../../api/names.ts';
import { isConfigMap, isKubernetesObject, label, objectDefect, type KubernetesObject } from '../../api/objects.ts';
import { groupOf, GROUP, isAuthzConfig, isWorkload } from '../../api/toolhive.ts';
import { AUTHORIZERS } from '../../authorizers/registry.ts';
import type { Manifest } from './manifest.ts';

export type Subject =
  | { readonly is: 'object'; readonly manifest: Manifest; readonly object: KubernetesObject }
  | { readonly is: 'namespace'; readonly object: KubernetesObject }
  /** What `thv run --authz-config` takes: the envelope that ToolHive makes of an MCPAuthzConfig. */
  | { readonly is: 'authorizer file'; readonly manifest: Manifest; readonly config: EnvelopeConfig }
  | { readonly is: 'crd'; readonly manifest: Manifest; readonly object: KubernetesObject }
  | { readonly is: 'other' }
  /** Ours by its group and kind, but no object. */
  | { readonly is: 'broken'; readonly manifest: Manifest; readonly message: string };

export interface EnvelopeConfig {
  readonly type: string;
  /** Under which key it stands in the file. */
  readonly configKey: string;
  readonly config: unknown;
}

/** `namespace` is for objects that name none. */
export function subjectOf(manifest: Manifest, namespace: string): Subject {
  const { value } = manifest;
  const apiVersion = property(value, 'apiVersion');
  if (typeof apiVersion !== 'string') {
    return isEnvelope(value) ? { is: 'authorizer file', manifest, config: envelopeConfig(value) } : { is: 'other' };
  }
  if (!isKubernetesObject(value)) {
    return groupOf(apiVersion) === GROUP
      ? { is: 'broken', manifest, message: objectDefect(value) ?? 'it is no Kubernetes object' }
      : { is: 'other' };
  }
  if (isWorkload(value) || isAuthzConfig(value) || isTestMap(value)) {
    return { is: 'object', manifest, object: inNamespace(value, namespace) };
  }
  if (value.kind === 'Namespace' && apiVersion === 'v1') {
    return { is: 'namespace', object: value };
  }
  return value.kind === 'CustomResourceDefinition' && stringAt(value, 'spec', 'group') === GROUP
    ? { is: 'crd', manifest, object: value }
    : { is: 'other' };
}

function isTestMap(object: KubernetesObject): boolean {
  return isConfigMap(object) && label(object, DECISION_TESTS_LABEL) !== undefined;
}

function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
  return object.metadata.namespace === undefined ? { ...object, metadata: { ...object.metadata, namespace } } : object;
}

function isEnvelope(value: unknown): boolean {
  return (
    isJsonObject(value) &&
    (AUTHORIZERS.some(({ configKey }) => isJsonObject(property(value, configKey))) ||
      (typeof property(value, 'type') === 'string' && typeof property(value, 'version') === 'string'))
  );
}

function envelopeConfig(value: unknown): EnvelopeConfig {
  const type = stringAt(value, 'type') ?? '';
  const configKey = AUTHORIZERS.find((backend) => backend.type === type)?.configKey ?? 'cedar';
  return { type, configKey, config: at(value, configKey) };
}
