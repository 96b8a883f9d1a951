/** One pass over one MCPAuthzConfig: gather, decide (config-status.ts), write what differs. */
import { FINALIZER, IN_USE_LABEL } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { AUTHZ_CONFIG, authorizerSpecOf } from '../api/toolhive.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Analyze, Resolver } from '../kube/resolve.ts';
import type { Writer } from '../kube/write.ts';
import type { Referrer } from '../rules/contract.ts';
import { decideConfig, isTerminating, type ConfigDecision } from './config-status.ts';
import type { GetLive } from './gather.ts';
import { graceLeftMs } from './grace.ts';
import type { Injector } from './injector.ts';
import type { ReferrerIndex } from './referrer-index.ts';
import type { StatusWriter } from './status-writer.ts';

export interface ReconcileDeps {
  readonly getLive: GetLive;
  readonly resolver: Resolver;
  readonly analyze: Analyze;
  readonly index: ReferrerIndex;
  readonly writer: Writer;
  readonly status: StatusWriter;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly now: () => Date;
  readonly graceMs: number;
  /** By uid: when this process first saw that the config is being deleted. */
  readonly deletions: Map<string, number>;
  readonly injector: Injector;
}

export interface PassOutcome {
  /** Milliseconds after which to look again without being told; 0 where there is nothing to wait for. */
  readonly againMs: number;
  /** As the API server answered to its writes, where that shows nothing more to do: when the watch tells of it, it is known. */
  readonly wrote: readonly KubernetesObject[];
}

export type Reconcile = (namespace: string, name: string, signal: AbortSignal) => Promise<PassOutcome>;

export function again(againMs: number, wrote: readonly KubernetesObject[] = []): PassOutcome {
  return { againMs, wrote };
}

/** What else could release it (its namespace begins to go away) is not watched. */
const STILL_HELD_MS = 30_000;

export function createConfigReconciler(deps: ReconcileDeps): Reconcile {
  const { getLive, analyze, writer, status, clock, now } = deps;

  return async (namespace, name, signal) => {
    const live = await getLive(AUTHZ_CONFIG.resource, namespace, name, signal);
    if (live === undefined) {
      return again(0);
    }
    const { path, object } = live;
    // Before the LIST: the grace must be over when it is made.
    const graceLeft = isTerminating(object) ? graceLeftMs(firstSeen(object, deps), clock.now(), deps.graceMs) : 0;
    const analysis = await analyze(authorizerSpecOf(object), signal);
    const gathered = await gatherReferrers(object, namespace, name, graceLeft, deps, signal);
    const { referrers, listed, namespaceTerminating } = gathered;
    const decision = decideConfig({
      config: object,
      analysis,
      referrers,
      releasable: listed && graceLeft === 0,
      namespaceTerminating,
      undeclared: status.undeclared(object.kind),
      now: now(),
    });
    const patch = metadataPatch(object, decision);
    const current = patch === undefined ? object : await writer.mergePatch(path, patch, signal);
    if (decision.finalizer === 'remove') {
      tell(object, decision, deps.events); // of what is gone by now; that the glass was broken is worth it
      return again(0);
    }
    const { wait } = await status.write(path, current, decision, signal);
    if (wait === 0) {
      tell(object, decision, deps.events);
    }
    return again(Math.max(wait, graceLeft > 0 ? graceLeft : isTerminating(object) ? STILL_HELD_MS : 0));
  };
}

function firstSeen({ metadata }: KubernetesObject, { deletions, clock }: ReconcileDeps): number {
  const uid = metadata.uid ?? '';
  const known = deletions.get(uid) ?? clock.now();
  deletions.set(uid, known);
  return known;
}

interface Gathered {
  readonly referrers: readonly Referrer[];
  readonly listed: boolean;
  readonly namespaceTerminating: boolean;
}

/**
 * The index may say "used"; "unused" is asked of the API server where something depends on it: the release of what is
 * being deleted, once the grace is over, and the label that protects while we are down. A LIST of a whole namespace is
 * dear (ToolHive's own CRDs cannot be filtered), so it is not made for anything else.
 */
async function gatherReferrers(
  object: KubernetesObject,
  namespace: string,
  name: string,
  graceLeft: number,
  { index, resolver }: ReconcileDeps,
  signal: AbortSignal,
): Promise<Gathered> {
  const terminating = isTerminating(object);
  const query = { ask: 'referrers', namespace, name } as const;
  const about = { ask: 'namespace', name: namespace } as const;
  const facts = terminating ? (await resolver.resolve([about], signal)).answer(about) : undefined;
  const namespaceTerminating = facts?.state === 'present' && facts.value.terminating;
  const known = index.referrers(namespace, name);
  const decides = terminating ? graceLeft === 0 : object.metadata.labels?.[IN_USE_LABEL] !== undefined;
  if (known.length > 0 || !decides || namespaceTerminating) {
    return { referrers: known, listed: false, namespaceTerminating };
  }
  const answer = (await resolver.resolve([query], signal)).answer(query);
  if (answer?.state === 'present') {
    return { referrers: answer.value, listed: true, namespaceTerminating };
  }
  throw new Error(`who refers to it could not be listed: ${answer?.state === 'unknown' ? answer.why : 'no answer'}`);
}

/** The resourceVersion is a precondition: a list of finalizers is replaced as a whole. Undefined: nothing to write. */
export function metadataPatch(
  { metadata }: KubernetesObject,
  { finalizer, inUse }: Pick<ConfigDecision, 'finalizer' | 'inUse'>,
): object | undefined {
  if (finalizer === 'keep' && inUse === 'keep') {
    return undefined;
  }
  const others = (metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
  return {
    metadata: {
      resourceVersion: metadata.resourceVersion,
      ...(finalizer === 'keep' ? {} : { finalizers: finalizer === 'add' ? [...others, FINALIZER] : others }),
      ...(inUse === 'keep' ? {} : { labels: { [IN_USE_LABEL]: inUse === 'set' ? 'true' : null } }),
    },
  };
}

export function tell(
  { apiVersion, kind, metadata }: KubernetesObject,
  { notes }: Pick<ConfigDecision, 'notes'>,
  events: EventRecorder,
): void {
  const { namespace = '', name = '', uid, resourceVersion } = metadata;
  const regarding = {
    apiVersion,
    kind,
    namespace,
    name,
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  for (const note of notes) {
    events.record({ regarding, ...note });
  }
}
