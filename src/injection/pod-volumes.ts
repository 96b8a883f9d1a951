/** The volumes of a proxy's pod: one that is added, one that may be pointed elsewhere. Nothing else is touched. */
import { at, isJsonObject, property, stringAt, withProperty, type JsonObject } from '../api/json.ts';
import { REFERENCE_KEY, referenceMapName, runtimeCopyName } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type { ProxyType } from '../api/toolhive.ts';
import type { Finding, Mutation } from '../rules/contract.ts';

export const PROJECTION_VOLUME = 'authz-config';
export const PROJECTION_PATH = '/etc/toolhive/authz';

/** By name, never by place: the operator's own container need not be the first one. Init containers are not looked at. */
export function containerNamed(pod: KubernetesObject, name: string): JsonObject | undefined {
  return listAt(pod, 'containers').find((container) => stringAt(container, 'name') === name);
}

/** The resolved config as a file in the proxy's container; a volume or path that is taken already is left to its owner. */
export function withProjection(pod: KubernetesObject, type: ProxyType, workload: string): Mutation {
  const volumes = listAt(pod, 'volumes');
  const container = containerNamed(pod, type.container);
  const source = { name: referenceMapName(workload), items: [{ key: REFERENCE_KEY, path: REFERENCE_KEY }] };
  const known = volumes.find((volume) => stringAt(volume, 'name') === PROJECTION_VOLUME);
  if (known !== undefined && !isMandatory(known, source.name)) {
    return clash(pod, `spec.volumes[${PROJECTION_VOLUME}]`, `a volume "${PROJECTION_VOLUME}" of its own`);
  }
  const mounts = mountsOf(container);
  const mounted = mounts.filter((mount) => trimmed(stringAt(mount, 'mountPath')) === PROJECTION_PATH);
  if (mounted.some((mount) => stringAt(mount, 'name') !== PROJECTION_VOLUME)) {
    return clash(pod, `spec.containers[${type.container}].volumeMounts`, `something of its own at ${PROJECTION_PATH}`);
  }
  const withVolume =
    known === undefined ? withSpec(pod, 'volumes', [...volumes, { name: PROJECTION_VOLUME, configMap: source }]) : pod;
  if (mounted.length > 0) {
    return { object: withVolume, findings: [] };
  }
  const mount = { name: PROJECTION_VOLUME, mountPath: PROJECTION_PATH, readOnly: true };
  const containers = listAt(pod, 'containers').map((each) =>
    each === container ? withProperty(each, 'volumeMounts', [...mounts, mount]) : each,
  );
  return { object: withSpec(withVolume, 'containers', containers), findings: [] };
}

/** Points the volume of the runtime config to our copy. Where it cannot, the pod is refused: it would run unguarded. */
export function withRuntimeCopy(pod: KubernetesObject, type: ProxyType, workload: string): Mutation {
  const volumes = listAt(pod, 'volumes');
  const index = volumes.findIndex((volume) => stringAt(volume, 'name') === type.volume);
  const volume = volumes[index];
  const copy = runtimeCopyName(workload);
  if (volume !== undefined && isMandatory(volume, copy)) {
    return { object: pod, findings: [] };
  }
  const own = `${workload}${type.suffix}`;
  const source = property(volume, 'configMap');
  if (volume === undefined || !isJsonObject(source) || ![own, copy].includes(stringAt(source, 'name') ?? '')) {
    const found = volume === undefined ? 'has no such volume' : 'has something else there';
    const message =
      `Volume "${type.volume}" of ConfigMap "${own}", from which the proxy reads its authorization, is not to be found: ` +
      `the pod ${found}. It would run without the config that its workload refers to.`;
    return {
      object: pod,
      findings: [{ level: 'deny', path: 'spec.volumes', reason: 'RuntimeConfigMissing', message }],
    };
  }
  // Optional would mean: start without it.
  const pointed = withProperty(withProperty(source, 'name', copy), 'optional', undefined);
  const swapped = volumes.with(index, withProperty(volume, 'configMap', pointed));
  return { object: withSpec(pod, 'volumes', swapped), findings: [] };
}

/** A volume of that ConfigMap, without which the pod does not start. */
export function isMandatory(volume: JsonObject, configMap: string): boolean {
  return stringAt(volume, 'configMap', 'name') === configMap && at(volume, 'configMap', 'optional') !== true;
}

/** The elements of a list of the spec; what is no object there is the API server's to refuse, and kept as it is. */
export function listAt(pod: KubernetesObject, field: string): readonly JsonObject[] {
  const list = at(pod, 'spec', field);
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function mountsOf(container: JsonObject | undefined): readonly JsonObject[] {
  const list = at(container, 'volumeMounts');
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function withSpec(pod: KubernetesObject, field: string, value: unknown): KubernetesObject {
  const spec = property(pod, 'spec');
  return { ...pod, spec: withProperty(isJsonObject(spec) ? spec : {}, field, value) };
}

function trimmed(path: string | undefined): string | undefined {
  return path?.replace(/(?<=.)\/+$/, '');
}

function clash(pod: KubernetesObject, path: string, what: string): Mutation {
  const message = `The pod has ${what}, so the resolved config is not mounted there; what is enforced is not affected.`;
  const found: Finding = { level: 'warn', path, reason: 'ProjectionClash', message };
  return { object: pod, findings: [found] };
}
