/** One pass over one workload: its annotations by the mutators that admission runs, its status by workload-status.ts. */
import { jsonEqual } from '../api/json.ts';
import { ANNOTATIONS } from '../api/names.ts';
import { annotation, type KubernetesObject } from '../api/objects.ts';
import { authorizationOf, type WorkloadType } from '../api/toolhive.ts';
import { queriesOfMutators } from '../engine/evaluate.ts';
import { mutate } from '../engine/mutate.ts';
import type { WorldAnswers } from '../engine/world-view.ts';
import { configAnnotations } from '../injection/config-annotations.ts';
import type { Answer, ResolvedConfig, UpdateInput } from '../rules/contract.ts';
import { again, tell, type Reconcile, type ReconcileDeps } from './config-reconciler.ts';
import { isTerminating } from './config-status.ts';
import { keptVerdict } from './injection-status.ts';
import type { StatusWrite } from './status.ts';
import { decideWorkload } from './workload-status.ts';

/** The config could not be read; told in the status only when it keeps failing, so that a hiccup flips nothing. */
export class ConfigUnknownError extends Error {
  readonly code = 'CONFIG_UNKNOWN';
}

const TOLD_AFTER = 3;
const MUTATED = [configAnnotations];

export function createWorkloadReconciler(type: WorkloadType, deps: ReconcileDeps): Reconcile {
  const { getLive, resolver, writer, status, injector, now } = deps;
  const failures = new Map<string, number>();

  return async (namespace, name, signal) => {
    const live = await getLive(type.resource, namespace, name, signal);
    if (live === undefined || isTerminating(live.object)) {
      injector.forget(type.kind, namespace, name);
      failures.delete(`${namespace}/${name}`);
      return again(0);
    }
    const { path, object } = live;
    const input: UpdateInput = { operation: 'UPDATE', object, oldObject: object, namespace, name, now: now() };
    const answers = await resolver.resolve(queriesOfMutators(MUTATED, input), signal);
    const config = configOf(object, namespace, answers);
    const key = `${namespace}/${name}`;
    const failed = config.state === 'unknown' ? (failures.get(key) ?? 0) + 1 : 0;
    if (failed === 0) {
      failures.delete(key);
    } else {
      failures.set(key, failed);
    }
    const annotating = (of: KubernetesObject): object | undefined =>
      config.state === 'unknown'
        ? undefined
        : annotationsPatch(of, mutate(MUTATED, { ...input, object: of, oldObject: of }, answers).object);
    const patch = annotating(object);
    const current = patch === undefined ? object : await writer.mergePatch(path, patch, signal);
    if (config.state === 'unknown' && failed < TOLD_AFTER) {
      throw new ConfigUnknownError(`the MCPAuthzConfig that it refers to could not be read: ${config.why}`);
    }
    const injection = config.state === 'unknown' ? undefined : await injector.pass(object, config, signal);
    const injected = injection === undefined ? keptVerdict(object) : injection.verdict;
    const decide = (workload: KubernetesObject): StatusWrite =>
      decideWorkload({ workload, config, injected, undeclared: status.undeclared(workload.kind), now: now() });
    const { wait, object: left } = await status.write(path, current, decide(object), signal);
    if (config.state === 'unknown') {
      throw new ConfigUnknownError(`the MCPAuthzConfig that it refers to could not be read: ${config.why}`);
    }
    if (wait === 0 && injection !== undefined) {
      tell(object, injection, deps.events);
    }
    if (injection?.failure !== undefined) {
      throw injection.failure;
    }
    // The answer to a write is looked at like what a watch tells of; where it needs nothing, that need not be told again.
    const settled = wait === 0 && annotating(left) === undefined && !decide(left).changed;
    const wrote = settled ? [current, left].filter((each) => each !== object) : [];
    return again(soonest(wait, injection?.againMs ?? 0), [...wrote, ...(injection?.wrote ?? [])]);
  };
}

/** Of times where 0 is "not needed". */
function soonest(...times: readonly number[]): number {
  const needed = times.filter((ms) => ms > 0);
  return needed.length === 0 ? 0 : Math.min(...needed);
}

function configOf(workload: KubernetesObject, namespace: string, answers: WorldAnswers): Answer<ResolvedConfig> {
  const { reference } = authorizationOf(workload);
  return reference === undefined
    ? { state: 'absent' }
    : (answers.answer({ ask: 'authzConfig', namespace, name: reference }) ?? { state: 'unknown', why: 'no answer' });
}

/** Only ours, and only where they differ, of the very version that was looked at: its reference may be another by now. */
export function annotationsPatch(before: KubernetesObject, after: KubernetesObject): object | undefined {
  const changed = Object.values(ANNOTATIONS).filter(
    (key) => !jsonEqual(annotation(before, key), annotation(after, key)),
  );
  return changed.length === 0
    ? undefined
    : {
        metadata: {
          resourceVersion: before.metadata.resourceVersion,
          annotations: Object.fromEntries(changed.map((key) => [key, annotation(after, key) ?? null])),
        },
      };
}
