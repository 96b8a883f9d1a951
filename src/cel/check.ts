/** The type of an expression, before it may run. */
import type { ASTNode, Environment, ParseResult } from '@marcbachmann/cel-js';
import { pathOf, walk } from './ast.ts';
import { CelError, celErrorOf, OVERRIDE_MARK, type CelStage } from './cel-error.ts';
import { OVERRIDDEN, OVERRIDDEN_GLOBALS } from './library/index.ts';

/** @throws CelError of stage `check`. */
export function typeOf(typed: Environment, source: string): string {
  const program = typed.parse(source);
  const tested: { readonly node: ASTNode; readonly bound: readonly string[] }[] = [];
  walk(program.ast, (node, bound) => {
    override(node);
    allowNull(node, typed);
    const [argument] = node.op === 'call' && node.args[0] === 'has' ? node.args[1] : [];
    if (argument !== undefined) {
      tested.push({ node: argument, bound });
    }
  });
  const type = checked(program, source);
  for (const { node, bound } of tested) {
    if (pathOf(node, bound) !== undefined) {
      checkTested(typed, source, node);
    }
  }
  return type;
}

/** The library does not look at the fields inside `has(…)`. */
function checkTested(typed: Environment, source: string, { start, end }: ASTNode): void {
  const { error } = typed.parse(source.slice(start, end)).check();
  if (error !== undefined) {
    const { message, offset } = celErrorOf(error, source.slice(start, end), 'check');
    throw new CelError({ stage: 'check', message, source, offset: start + offset, cause: error });
  }
}

/** How a variable is called, in the tree that is checked, where it is compared with null. */
export const orNull = (name: string): string => `${name}${OVERRIDE_MARK}`;

/** In `authzConfig == null` the type of the object, which cannot be compared with null, becomes `dyn`. */
function allowNull(node: ASTNode, typed: Environment): void {
  if (node.op !== '==' && node.op !== '!=') {
    return;
  }
  const [left, right] = node.args;
  for (const [side, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (side.op === 'id' && other.op === 'value' && other.args === null && typed.hasVariable(orNull(side.args))) {
      (side as { args: string }).args = orNull(side.args); // the tree is ours until it is checked
    }
  }
}

/** @throws CelError of stage `check`. */
export function checked(program: ParseResult, source: string): string {
  const { valid, type, error } = attempt('check', source, () => program.check());
  if (!valid) {
    throw celErrorOf(error, source, 'check');
  }
  return type ?? 'dyn';
}

/**
 * Calls of functions that the library has, but not as Kubernetes has them, go to ours. They have a name of their own
 * because the library lets nobody replace a function; the tree is not yet checked, so nothing was looked up.
 */
export function override(node: ASTNode): void {
  if (
    (node.op === 'rcall' && OVERRIDDEN.has(node.args[0])) ||
    (node.op === 'call' && OVERRIDDEN_GLOBALS.has(node.args[0]))
  ) {
    node.args[0] += OVERRIDE_MARK;
  }
}

export function attempt<T>(stage: CelStage, source: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw celErrorOf(error, source, stage);
  }
}
