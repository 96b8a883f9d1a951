/**
 * What a namespace must look like once everything has settled, from the specs alone: nothing that a fault may have
 * swallowed goes unseen, be it an event, a write or an answer.
 */
import { at, stringAt } from '../../../src/api/json.ts';
import { ANNOTATIONS, FINALIZER, IN_USE_LABEL } from '../../../src/api/names.ts';
import { annotation, type KubernetesObject } from '../../../src/api/objects.ts';
import { authorizationOf, authorizerSpecOf, workloadOfPod } from '../../../src/api/toolhive.ts';
import { canonicalJson } from '../../../src/authorizers/canonical-json.ts';
import { fullRuntimeJson, sha256, toolhiveConfigHash } from '../../../src/authorizers/config-hash.ts';
import { conditionOf, type Api } from '../api.ts';
import { clusterOf, objects } from '../deployments.ts';
import { KINDS } from '../objects.ts';

export interface Losses {
  /** Workloads that name a config that is gone. */
  readonly dangling: readonly string[];
  /** What is not as the specs say: status, label, finalizer, annotation, ConfigMap. */
  readonly outOfStep: readonly string[];
  /** Pods of a workload with a reference that would run without it. */
  readonly unguarded: readonly string[];
}

export async function losses(api: Api, namespace: string): Promise<Losses> {
  const cluster = clusterOf(api, namespace);
  const configs = await api.list(namespace, 'mcpauthzconfigs');
  const workloads = (await Promise.all(KINDS.map(({ resource }) => api.list(namespace, resource)))).flat();
  const maps = await cluster.list('v1/configmaps');
  const named = new Map(configs.map((config) => [config.metadata.name, config]));
  const referring = workloads.filter((workload) => authorizationOf(workload).reference !== undefined);
  return {
    dangling: referring
      .filter((workload) => !named.has(authorizationOf(workload).reference))
      .map(({ metadata }) => String(metadata.name)),
    outOfStep: [
      ...configs.flatMap((config) => ofConfig(config, referring)),
      ...referring.flatMap((workload) => ofWorkload(workload, named.get(authorizationOf(workload).reference), maps)),
    ],
    unguarded: (await cluster.list('v1/pods')).filter((pod) => isUnguarded(pod, referring)).map(nameOf),
  };
}

export function isNothing({ dangling, outOfStep, unguarded }: Losses): boolean {
  return dangling.length + outOfStep.length + unguarded.length === 0;
}

function ofConfig(config: KubernetesObject, referring: readonly KubernetesObject[]): readonly string[] {
  const { name, generation, finalizers = [], labels, deletionTimestamp } = config.metadata;
  const { type, config: content } = authorizerSpecOf(config);
  const users = referring
    .filter((workload) => authorizationOf(workload).reference === name)
    .map(({ kind, metadata }) => `${kind} ${String(metadata.name)}`);
  const told = objects(at(config, 'status', 'referencingWorkloads')).map(
    (user) => `${String(user['kind'])} ${String(user['name'])}`,
  );
  const valid = conditionOf(config, 'Valid');
  return differences(`config ${String(name)}`, {
    deleted: [deletionTimestamp !== undefined, false],
    valid: [valid?.['status'], 'True'],
    'generation of the condition': [valid?.['observedGeneration'], generation],
    generation: [at(config, 'status', 'observedGeneration'), generation],
    hash: [at(config, 'status', 'configHash'), toolhiveConfigHash(type, canonicalJson(content))],
    count: [at(config, 'status', 'referenceCount'), users.length],
    users: [told.sort().join(), users.sort().join()],
    label: [labels?.[IN_USE_LABEL] === 'true', users.length > 0],
    finalizer: [finalizers.includes(FINALIZER), true],
  });
}

function ofWorkload(
  workload: KubernetesObject,
  config: KubernetesObject | undefined,
  maps: readonly KubernetesObject[],
): readonly string[] {
  if (config === undefined) {
    return []; // counted as dangling
  }
  const { type, config: content } = authorizerSpecOf(config);
  const runtime = fullRuntimeJson(type, 'cedar', content);
  const map = maps.find(({ metadata }) => metadata.name === `${nameOf(workload)}-authz-ref`);
  return differences(`${workload.kind} ${nameOf(workload)}`, {
    verdict: [conditionOf(workload, 'AuthzConfigRefValidated')?.['reason'], 'AuthzConfigRefValid'],
    hash: [at(workload, 'status', 'authzConfigHash'), toolhiveConfigHash(type, canonicalJson(content))],
    annotation: [annotation(workload, ANNOTATIONS.configHash), sha256(runtime)],
    ConfigMap: [stringAt(map, 'data', 'authz.json'), runtime],
  });
}

function isUnguarded(pod: KubernetesObject, referring: readonly KubernetesObject[]): boolean {
  const owner = workloadOfPod(pod);
  const refers = referring.some(({ kind, metadata }) => kind === owner?.type.kind && metadata.name === owner.name);
  const volume = objects(at(pod, 'spec', 'volumes')).find((each) => each['name'] === owner?.type.volume);
  const copied = stringAt(volume, 'configMap', 'name') === `${String(owner?.name)}-authz-runconfig`;
  return refers && !(copied && annotation(pod, ANNOTATIONS.configHash) !== undefined);
}

function differences(
  what: string,
  fields: Readonly<Record<string, readonly [found: unknown, wanted: unknown]>>,
): readonly string[] {
  return Object.entries(fields)
    .filter(([, [found, wanted]]) => found !== wanted)
    .map(([field, [found, wanted]]) => `${what}: ${field} is ${String(found)}, not ${String(wanted)}`);
}

function nameOf({ metadata }: KubernetesObject): string {
  return metadata.name ?? '';
}
