/** Objects that wait, point nowhere, or carry what nobody keeps up to date. */
import { annotation, type KubernetesObject } from '../../api/objects.ts';
import { ANNOTATIONS, FINALIZER, IN_USE_LABEL } from '../../api/names.ts';
import { authorizationOf } from '../../api/toolhive.ts';
import type { Gathered } from './gathered.ts';
import type { Diagnosis } from './report.ts';

/** Long enough for any controller that works. */
const STUCK_MS = 5 * 60_000;

export function objectChecks(gathered: Gathered): readonly Diagnosis[] {
  return [
    ...orOk('terminating', 'nothing is stuck', terminating(gathered)),
    ...orOk('references', 'every reference finds its config', dangling(gathered)),
    ...orOk('leftovers', 'nothing is left over', leftovers(gathered)),
  ];
}

function orOk(check: string, message: string, found: readonly Diagnosis[]): readonly Diagnosis[] {
  return found.length > 0 ? found : [{ check, level: 'ok', message }];
}

function terminating({ configs, workloads, now }: Gathered): readonly Diagnosis[] {
  return [...configs, ...workloads]
    .filter(({ metadata }) => now.getTime() - Date.parse(metadata.deletionTimestamp ?? '') > STUCK_MS)
    .map((object): Diagnosis => {
      const users = referrers(object, workloads);
      const ours = object.metadata.finalizers?.includes(FINALIZER) === true;
      const waits = `${described(object)} is being deleted since ${object.metadata.deletionTimestamp ?? ''}`;
      const check = 'terminating';
      if (ours && users.length > 0) {
        const remedy = `take the reference out of ${listed(users)}, and the deletion goes on by itself`;
        return { check, level: 'warning', message: `${waits} and is still in use`, remedy };
      }
      const finalizers = object.metadata.finalizers ?? [];
      return {
        ...{ check, level: 'problem', message: `${waits} and waits for ${finalizers.join(', ')}` },
        remedy: ours
          ? 'see whether a replica leads and what its log says; without the server: mcp-authz cleanup'
          : 'see why the controller that set the finalizer does not take it away',
      };
    });
}

function dangling({ configs, workloads }: Gathered): readonly Diagnosis[] {
  const known = new Set(configs.map(keyOf));
  return workloads.flatMap((workload): readonly Diagnosis[] => {
    const { reference } = authorizationOf(workload);
    if (reference === undefined || known.has(`${workload.metadata.namespace ?? ''}/${reference}`)) {
      return [];
    }
    return [
      {
        check: 'references',
        level: 'warning',
        message: `${described(workload)} refers to MCPAuthzConfig ${reference}, which does not exist`,
        remedy: 'create it, or correct the reference',
      },
    ];
  });
}

function leftovers({ configs, workloads, configurations }: Gathered): readonly Diagnosis[] {
  const check = 'leftovers';
  const level = 'warning';
  const served = configurations.length > 0;
  const remedy = served ? 'see whether a replica leads: the loop takes it away' : 'mcp-authz cleanup';
  const annotated = workloads
    .filter((workload) => authorizationOf(workload).reference === undefined || !served)
    .filter((workload) => Object.values(ANNOTATIONS).some((name) => annotation(workload, name) !== undefined))
    .map((workload) => ({ message: `${described(workload)} has annotations of ours and no reference` }));
  const labelled = configs
    .filter(
      (config) => config.metadata.labels?.[IN_USE_LABEL] !== undefined && referrers(config, workloads).length === 0,
    )
    .map((config) => ({ message: `${described(config)} is labelled as in use and is not` }));
  const held = configs
    .filter(({ metadata }) => !served && metadata.finalizers?.includes(FINALIZER) === true)
    .map((config) => ({ message: `${described(config)} has our finalizer, and the webhooks are not registered` }));
  return [...annotated, ...labelled, ...held].map(({ message }) => ({ check, level, message, remedy }));
}

function referrers(config: KubernetesObject, workloads: readonly KubernetesObject[]): readonly KubernetesObject[] {
  return workloads.filter((workload) => {
    const { reference } = authorizationOf(workload);
    return reference !== undefined && `${workload.metadata.namespace ?? ''}/${reference}` === keyOf(config);
  });
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

function described(object: KubernetesObject): string {
  return `${object.kind} ${keyOf(object)}`;
}

const SHOWN = 5;

function listed(objects: readonly KubernetesObject[]): string {
  const names = objects.slice(0, SHOWN).map(described).join(', ');
  return objects.length > SHOWN ? `${names} and ${String(objects.length - SHOWN)} more` : names;
}
