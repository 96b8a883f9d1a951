/** Policy text as what can be run. A change of a config leaves most of its policies as they are: each is compiled once. */
import type { Cedar } from './cedar.ts';
import { EvaluationError } from './cedar-checks.ts';
import { compilePolicy, type ExecutablePolicy } from './cedar-policy.ts';
import { evaluable, preparePolicy } from './policy.ts';

/** What keeps the proxy from loading the policy, in words. */
export interface PolicyFault {
  readonly fault: string;
}

export type CompilePolicy = (source: string) => ExecutablePolicy | PolicyFault;

/** Characters of policies that are kept; the one used longest ago goes first. */
const KEPT = 1024 * 1024;

export function createPolicyCompiler(cedar: Cedar): CompilePolicy {
  const known = new Map<string, ExecutablePolicy | PolicyFault>();
  let size = 0;
  return (source) => {
    const found = known.get(source);
    const policy = found ?? compile(source, cedar);
    known.delete(source);
    known.set(source, policy);
    size += found === undefined ? source.length : 0;
    for (const oldest of known.keys()) {
      if (size <= KEPT) {
        break;
      }
      known.delete(oldest);
      size -= oldest.length;
    }
    return policy;
  };
}

/** It might be beyond 64 bits, which compilePolicy would not see. */
const LONG_INTEGER = /\d{19}/;

function compile(source: string, cedar: Cedar): ExecutablePolicy | PolicyFault {
  const prepared = preparePolicy(source, '');
  try {
    // Most policies are read as they are; asking for the module's judgement first would read them twice.
    const direct = prepared.text === undefined || LONG_INTEGER.test(prepared.text) ? undefined : prepared.text;
    const policy = direct === undefined ? undefined : compilePolicy(direct, cedar);
    if (policy !== undefined) {
      return policy;
    }
    const found = evaluable(prepared, cedar);
    return 'problem' in found
      ? { fault: found.problem.message }
      : (compilePolicy(found.text, cedar) ?? { fault: 'The policy cannot be read.' });
  } catch (error) {
    return { fault: shortfall(error) };
  }
}

/** @throws whatever is neither an error of the evaluation nor the end of the stack. */
export function shortfall(error: unknown): string {
  if (error instanceof EvaluationError) {
    return error.message;
  }
  if (error instanceof RangeError) {
    return 'it nests too deep for this evaluation; the proxy may take it';
  }
  throw error;
}
