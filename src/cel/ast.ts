/** Walking the syntax tree of the CEL library. */
import type { ASTNode } from '@marcbachmann/cel-js';

const COMPREHENSIONS = new Map([
  ['all', [2]],
  ['exists', [2]],
  ['exists_one', [2]],
  ['map', [2, 3]],
  ['filter', [2]],
]);

/** The parts of a node, in the order of the source. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  if (node.op === 'value' || node.op === 'id') {
    return [];
  }
  if (node.op === '.' || node.op === '.?') {
    return [node.args[0]];
  }
  if (node.op === 'call') {
    return node.args[1];
  }
  if (node.op === 'rcall') {
    return [node.args[1], ...node.args[2]];
  }
  if (node.op === '!_' || node.op === '-_') {
    return [node.args];
  }
  return node.op === 'map' ? node.args.flat() : node.args;
}

export interface Comprehension {
  readonly range: ASTNode;
  readonly variable: string;
  /** What is evaluated for each element. */
  readonly body: readonly ASTNode[];
}

/** `range.all(variable, body)` and its like. */
export function comprehensionOf(node: ASTNode): Comprehension | undefined {
  if (node.op !== 'rcall') {
    return undefined;
  }
  const [name, range, [variable, ...body]] = node.args;
  return variable?.op === 'id' && COMPREHENSIONS.get(name)?.includes(body.length + 1) === true
    ? { range, variable: variable.args, body }
    : undefined;
}

/** Calls `visit` for every node, parents first, with the names that comprehensions around it declare. */
export function walk(
  node: ASTNode,
  visit: (node: ASTNode, bound: readonly string[]) => void,
  bound: readonly string[] = [],
): void {
  visit(node, bound);
  const comprehension = comprehensionOf(node);
  if (comprehension === undefined) {
    for (const child of childrenOf(node)) {
      walk(child, visit, bound);
    }
    return;
  }
  walk(comprehension.range, visit, bound);
  for (const part of comprehension.body) {
    walk(part, visit, [...bound, comprehension.variable]);
  }
}

/** `a.b.c` where `a` is a variable. */
export function pathOf(node: ASTNode, bound: readonly string[]): string | undefined {
  if (node.op === 'id') {
    return bound.includes(node.args) ? undefined : node.args;
  }
  if (node.op !== '.' && node.op !== '.?') {
    return undefined;
  }
  const parent = pathOf(node.args[0], bound);
  return parent === undefined ? undefined : `${parent}.${node.args[1]}`;
}
