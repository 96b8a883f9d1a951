/**
 * "Create a reference" and "delete the config" share no transaction. Here every interleaving of the two, of the loop and
 * of the delays between a check and its store is walked. What decides in the model is the code that decides in the server.
 */
import { FINALIZER } from '../../src/api/names.ts';
import { decide } from '../../src/engine/decide.ts';
import { decideConfig } from '../../src/reconcile/config-status.ts';
import { graceLeftMs } from '../../src/reconcile/grace.ts';
import { deletionProtection } from '../../src/rules/deletion-protection.ts';
import { createReferenceRule } from '../../src/rules/reference.ts';
import { ABSENT, answers, NAMESPACE, present } from '../support/answers.ts';
import { evaluate } from '../support/evaluation.ts';
import { config, create, NOW, remove, resolved, server, VALID } from '../support/objects.ts';
import { search, type SearchResult, type Step } from '../support/state-search.ts';

/** Ticks. A write is stored at most this long after its admission check, or fails. */
const ADMISSION = 3;

interface Model {
  readonly grace: number;
  /** The config has our finalizer before anybody can delete it. */
  readonly finalizerFromBirth: boolean;
  readonly finalizer: boolean;
  readonly refusesTerminating: boolean;
}

const SOUND: Model = { grace: ADMISSION + 1, finalizerFromBirth: true, finalizer: true, refusesTerminating: true };

/** `admitted` counts the ticks since the check. */
type Creator = 'idle' | 'stored' | 'gone' | { readonly admitted: number };

interface State {
  readonly config: 'live' | 'terminating' | 'removed';
  readonly finalizer: boolean;
  readonly creators: readonly Creator[];
  readonly deleter: 'idle' | 'done' | { readonly admitted: number };
  /** Ticks since the loop saw the deletion, no further than the grace. */
  readonly seen: number | undefined;
  /** The loop decided to take its finalizer away and is about to. */
  readonly releasing: boolean;
}

function initial({ finalizer, finalizerFromBirth }: Model): State {
  return {
    config: 'live',
    finalizer: finalizer && finalizerFromBirth,
    creators: ['idle', 'idle', 'idle'],
    deleter: 'idle',
    seen: undefined,
    releasing: false,
  };
}

const referenceRule = createReferenceRule({ missingReference: 'Deny' });

/** What the webhook answers to a new reference, read live. */
function mayRefer(state: State['config'], model: Model): boolean {
  const metadata = state === 'terminating' && model.refusesTerminating ? { deletionTimestamp: 'now' } : {};
  const given = { namespace: NAMESPACE, config: state === 'removed' ? ABSENT : present(resolved({}, metadata)) };
  const input = create(server({ authzConfigRef: { name: 'a' } }));
  return decide(evaluate([referenceRule], input, answers(given))).verdict === 'allowed';
}

function referrers({ creators }: State): readonly { readonly kind: string; readonly name: string }[] {
  return creators.flatMap((creator, i) => (creator === 'stored' ? [{ kind: 'MCPServer', name: String(i) }] : []));
}

function mayDelete(state: State): boolean {
  const given = { namespace: NAMESPACE, referrers: present(referrers(state)) };
  return decide(evaluate([deletionProtection], remove(config()), answers(given))).verdict === 'allowed';
}

function releases(state: State, { grace }: Model): boolean {
  const metadata = { finalizers: state.finalizer ? [FINALIZER] : [], deletionTimestamp: '2026-11-24T00:00:00Z' };
  const { finalizer } = decideConfig({
    config: config({}, metadata),
    analysis: VALID,
    referrers: referrers(state),
    namespaceTerminating: false,
    releasable: graceLeftMs(0, state.seen ?? 0, grace) === 0,
    undeclared: new Set(),
    now: NOW,
  });
  return finalizer === 'remove';
}

function steps(model: Model): (state: State) => readonly Step<State>[] {
  const asked = new Map<State['config'], boolean>();
  const admits = (state: State['config']): boolean => {
    const known = asked.get(state) ?? mayRefer(state, model);
    asked.set(state, known);
    return known;
  };
  return (state) => [
    ...state.creators.flatMap((creator, i) => creatorSteps(state, creator, i, admits)),
    ...deleterSteps(state),
    ...loopSteps(state, model),
    ...tick(state, model),
  ];
}

function creatorSteps(
  state: State,
  creator: Creator,
  i: number,
  admits: (config: State['config']) => boolean,
): readonly Step<State>[] {
  const to = (name: string, next: Creator): Step<State> => ({
    name: `workload ${String(i)} ${name}`,
    next: { ...state, creators: state.creators.map((each, at) => (at === i ? next : each)) },
  });
  if (creator === 'idle') {
    return admits(state.config) ? [to('is admitted', { admitted: 0 })] : [];
  }
  if (creator === 'stored') {
    return [to('is deleted', 'gone')];
  }
  return creator === 'gone' ? [] : [to('is stored', 'stored'), to('fails', 'gone')];
}

function deleterSteps(state: State): readonly Step<State>[] {
  if (state.deleter === 'idle') {
    return state.config === 'live' && mayDelete(state)
      ? [{ name: 'the deletion is admitted', next: { ...state, deleter: { admitted: 0 } } }]
      : [];
  }
  return state.deleter === 'done'
    ? []
    : [
        {
          name: state.finalizer ? 'the config terminates' : 'the config is removed',
          next: { ...state, deleter: 'done', config: state.finalizer ? 'terminating' : 'removed' },
        },
      ];
}

function loopSteps(state: State, model: Model): readonly Step<State>[] {
  if (state.config === 'live') {
    return model.finalizer && !state.finalizer
      ? [{ name: 'the loop adds the finalizer', next: { ...state, finalizer: true } }]
      : [];
  }
  if (state.config === 'removed') {
    return [];
  }
  if (state.seen === undefined) {
    return [{ name: 'the loop sees the deletion', next: { ...state, seen: 0 } }];
  }
  if (state.releasing) {
    return [{ name: 'the loop removes the finalizer', next: { ...state, config: 'removed', finalizer: false } }];
  }
  return releases(state, model)
    ? [{ name: 'the loop lists, and finds nothing', next: { ...state, releasing: true } }]
    : [];
}

function tick(state: State, { grace }: Model): readonly Step<State>[] {
  const pending = [...state.creators, state.deleter].filter((each) => typeof each === 'object');
  if (pending.some(({ admitted }) => admitted === ADMISSION)) {
    return []; // whoever is that late is stored or has failed before time goes on
  }
  const older = <T>(each: T | { readonly admitted: number }): T | { readonly admitted: number } =>
    typeof each === 'object' && each !== null && 'admitted' in each ? { admitted: each.admitted + 1 } : each;
  const next = {
    ...state,
    creators: state.creators.map(older),
    deleter: older(state.deleter),
    seen: state.seen === undefined ? undefined : Math.min(state.seen + 1, grace),
  };
  return [{ name: 'time passes', next }];
}

function explore(change: Partial<Model>): SearchResult {
  const model = { ...SOUND, ...change };
  const dangling = (state: State): boolean => state.config === 'removed' && state.creators.includes('stored');
  return search(initial(model), steps(model), dangling);
}

it('no stored workload names a config that was removed', () => {
  const { states, trace } = explore({});
  expect(trace).toBeUndefined();
  expect(states).toBeGreaterThan(2000);
});

it('a config can be removed at all, with or without references on the way', () => {
  const model = SOUND;
  const removed = search(
    initial(model),
    steps(model),
    ({ config: state, creators }) => state === 'removed' && creators.includes('gone'),
  );
  expect(removed.trace).toBeDefined();
});

it.each<[string, Partial<Model>]>([
  ['there is no finalizer', { finalizer: false }],
  ['there is no grace', { grace: 0 }],
  ['the grace is no longer than an admission call', { grace: ADMISSION }],
  ['a reference to a config that is being deleted is let in', { refusesTerminating: false }],
  ['the finalizer comes only after the config', { finalizerFromBirth: false }],
])('the model finds the race where %s', (_title, change) => {
  expect(explore(change).trace?.at(-1)).toMatch(/is stored|is removed|removes the finalizer/);
});
