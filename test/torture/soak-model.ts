/**
 * What a user may do to one config and one workload that refers to it, and what must come of it: chosen at random, and
 * judged by a state of three facts. Names are never used twice, because a deleted config stays for a moment.
 */
import fc from 'fast-check';
import { config, POLICY, workload, type Manifest } from '../e2e/objects.ts';

export interface State {
  readonly config: string | undefined;
  readonly workload: string | undefined;
  /** The workload refers to the config. */
  readonly refers: boolean;
}

export interface Step {
  readonly what: string;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly resource: 'mcpauthzconfigs' | 'mcpservers';
  /** Absent on a POST. */
  readonly name?: string;
  readonly body?: Manifest;
  /** `ok`, or what the refusal must name. */
  readonly expected: 'ok' | RegExp;
  readonly next: State;
}

export const NOTHING: State = { config: undefined, workload: undefined, refers: false };

const CONFIGS = 'mcpauthzconfigs';
const SERVERS = 'mcpservers';
const BROKEN = ['this is no policy'];

/** From 0 up to 1, one for each step. */
export function choices(seed: number, count: number): readonly number[] {
  return fc.sample(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { seed, numRuns: count });
}

export function stepOf(state: State, choice: number, fresh: string): Step {
  const steps = possible(state, fresh);
  const step = steps[Math.floor(choice * steps.length)];
  if (step === undefined) {
    throw new RangeError(`${String(choice)} is no choice`);
  }
  return step;
}

function possible(state: State, fresh: string): readonly Step[] {
  return [...configSteps(state, fresh), ...workloadSteps(state, fresh)];
}

function configSteps(state: State, fresh: string): readonly Step[] {
  const of = { resource: CONFIGS } as const;
  if (state.config === undefined) {
    return [
      {
        ...{ ...of, what: 'create a config', method: 'POST', expected: 'ok' },
        body: config(fresh),
        next: { ...state, config: fresh, refers: false },
      },
      {
        ...{ ...of, what: 'create a broken config', method: 'POST', expected: /\[authz-config\]/ },
        body: config(fresh, BROKEN),
        next: state,
      },
    ];
  }
  const named = { ...of, name: state.config };
  const changed = `permit(principal, action, resource == Tool::"${fresh}");`;
  return [
    {
      ...{ ...named, what: 'change a config', method: 'PUT', expected: 'ok' },
      body: config(state.config, [POLICY, changed]),
      next: state,
    },
    {
      ...{ ...named, what: 'break a config', method: 'PUT', expected: /\[authz-config\]/ },
      body: config(state.config, BROKEN),
      next: state,
    },
    state.refers
      ? { ...named, what: 'delete a config in use', method: 'DELETE', expected: /\[deletion-protection\]/, next: state }
      : {
          ...{ ...named, what: 'delete an unused config', method: 'DELETE', expected: 'ok' },
          next: { ...state, config: undefined },
        },
  ];
}

function workloadSteps(state: State, fresh: string): readonly Step[] {
  const of = { resource: SERVERS } as const;
  if (state.workload === undefined) {
    const referring = { authzConfigRef: { name: state.config ?? 'nowhere' } };
    return [
      {
        ...{ ...of, what: 'create a workload', method: 'POST', expected: 'ok' },
        body: workload('MCPServer', fresh, referring),
        next: { ...state, workload: fresh, refers: state.config !== undefined },
      },
      {
        ...{
          ...of,
          what: 'create a workload of two minds',
          method: 'POST',
          expected: /mutually exclusive|\[mutual-exclusion\]/,
        },
        body: workload('MCPServer', fresh, {
          ...referring,
          authzConfig: { type: 'inline', inline: { policies: [POLICY] } },
        }),
        next: state,
      },
    ];
  }
  return [
    {
      ...{ ...of, what: 'delete a workload', method: 'DELETE', expected: 'ok' },
      name: state.workload,
      next: { ...state, workload: undefined, refers: false },
    },
  ];
}
