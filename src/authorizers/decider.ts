/** Decisions under any config. What a config takes once is done once: configs come again, with every line or case. */
import type { AuthorizerSpec } from './analysis.ts';
import type { Cedar } from './cedar.ts';
import type { Decide } from './decision.ts';
import { depthExceeds } from './depth.ts';
import { authorizer } from './registry.ts';

/** Somebody else decides: a decision point that has to be asked. */
export interface Undecidable {
  readonly undecidable: string;
}

export type Decider = (spec: AuthorizerSpec) => Decide | Undecidable;

/** Configs whose preparation is kept; the one used longest ago goes first. */
const KEPT = 256;
const MAX_DEPTH = 64;

export function createDecider(cedar: Cedar): Decider {
  const prepared = new Map<string, Decide | Undecidable>();
  return (spec) => {
    const key = keyOf(spec);
    const known = prepared.get(key);
    if (known !== undefined) {
      // The order of a Map is that of insertion: what is used moves to its end.
      prepared.delete(key);
      prepared.set(key, known);
      return known;
    }
    const decide = prepare(spec, cedar);
    prepared.set(key, decide);
    const [oldest] = prepared.keys();
    if (prepared.size > KEPT && oldest !== undefined) {
      prepared.delete(oldest);
    }
    return decide;
  };
}

function keyOf({ type, config }: AuthorizerSpec): string {
  try {
    return JSON.stringify({ type, config });
  } catch (error) {
    if (error instanceof RangeError) {
      return 'too deep';
    }
    throw error;
  }
}

function prepare({ type, config }: AuthorizerSpec, cedar: Cedar): Decide | Undecidable {
  const backend = authorizer(type);
  if (backend === undefined) {
    return { undecidable: `type "${type}" is not a registered authorizer backend` };
  }
  if (config === undefined) {
    return { undecidable: 'config must not be empty' };
  }
  if (depthExceeds(config, MAX_DEPTH)) {
    return { undecidable: `the config nests deeper than ${String(MAX_DEPTH)} levels` };
  }
  return (
    backend.decide?.(config, cedar) ?? {
      undecidable: `a config of type ${type} leaves decisions to its decision point, which is asked only with --ask-pdp`,
    }
  );
}
