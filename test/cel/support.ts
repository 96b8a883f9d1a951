import { CelError } from '../../src/cel/cel-error.ts';
import { compileCel } from '../../src/cel/compile.ts';

/** The value of an expression about `object`. */
export function cel(source: string, object: unknown = {}): unknown {
  return compileCel(source, ['object']).evaluate({ object });
}

/** `stage line:column message`, or the value where nothing is wrong. */
export function celFault(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof CelError) {
      return `${error.stage} ${String(error.line)}:${String(error.column)} ${error.message}`;
    }
    throw error;
  }
}

export const fault = (source: string, object: unknown = {}): unknown => celFault(() => cel(source, object));
