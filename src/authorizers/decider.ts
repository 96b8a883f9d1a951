/** Decisions under any config. What a config takes once is done once: configs come again, with every line or case. */
import { distinctJson } from '../api/json-text.ts';
import type { AuthorizerSpec } from './analysis.ts';
import type { Cedar } from './cedar.ts';
import type { Decide } from './decision.ts';
import { depthExceeds } from './depth.ts';
import { policyTexts } from './describe-decision.ts';
import { createPolicyCompiler, type CompilePolicy } from './policy-compiler.ts';
import { authorizer } from './registry.ts';

/** Somebody else decides: a decision point that has to be asked. */
export interface Undecidable {
  readonly undecidable: string;
}

export type Decider = (spec: AuthorizerSpec) => Decide | Undecidable;

/** For whoever has little time. */
export interface PreparedDecider {
  readonly decide: Decider;
  /**
   * Compiles policies while there is time, and goes on from there the next time. False where some are left, or one is
   * too long to be compiled in one go.
   */
  readonly compile: (spec: AuthorizerSpec, hasTime: () => boolean) => boolean;
}

/** Configs whose preparation is kept; the one used longest ago goes first. */
const KEPT = 256;
const MAX_DEPTH = 64;
/** Characters of a policy that is compiled in one go. */
const MAX_POLICY = 64 * 1024;

export function createDecider(cedar: Cedar): Decider {
  return createPreparedDecider(cedar).decide;
}

export function createPreparedDecider(cedar: Cedar): PreparedDecider {
  const compilePolicy = createPolicyCompiler(cedar);
  const prepared = new Map<string, Decide | Undecidable>();
  return {
    decide: (spec) => {
      const key = keyOf(spec);
      const known = prepared.get(key);
      if (known !== undefined) {
        // The order of a Map is that of insertion: what is used moves to its end.
        prepared.delete(key);
        prepared.set(key, known);
        return known;
      }
      const decide = prepare(spec, compilePolicy);
      prepared.set(key, decide);
      const [oldest] = prepared.keys();
      if (prepared.size > KEPT && oldest !== undefined) {
        prepared.delete(oldest);
      }
      return decide;
    },
    compile: ({ config }, hasTime) =>
      depthExceeds(config, MAX_DEPTH) ||
      policyTexts(config).every((text) => {
        if (text.length > MAX_POLICY || !hasTime()) {
          return false;
        }
        compilePolicy(text);
        return true;
      }),
  };
}

function keyOf({ type, config }: AuthorizerSpec): string {
  try {
    return distinctJson({ type, config });
  } catch (error) {
    if (error instanceof RangeError) {
      return 'too deep';
    }
    throw error;
  }
}

function prepare({ type, config }: AuthorizerSpec, compilePolicy: CompilePolicy): Decide | Undecidable {
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
    backend.decide?.(config, compilePolicy) ?? {
      undecidable: `a config of type ${type} leaves decisions to its decision point, which is asked only with --ask-pdp`,
    }
  );
}
