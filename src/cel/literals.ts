/** Literals that the CEL library takes without a word, and that mean nothing or something else. */
import type { ASTNode } from '@marcbachmann/cel-js';
import type { GateDefect } from './gate.ts';

const MAX_INT = 2n ** 63n - 1n;

/** Left out of map literals by the library, to keep JavaScript's prototypes safe. */
const LOST_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export function literalDefect(node: ASTNode): GateDefect | undefined {
  if (node.op === 'value' && typeof node.args === 'bigint' && node.args > MAX_INT) {
    // The smallest int is written as the negation of one more than the largest.
    return node.args === MAX_INT + 1n && node.input[node.start - 1] === '-'
      ? undefined
      : { message: 'the number does not fit into an int', offset: node.start };
  }
  if (node.op !== 'map') {
    return undefined;
  }
  for (const [key] of node.args) {
    if (key.op === 'value' && typeof key.args === 'string' && LOST_KEYS.has(key.args)) {
      return { message: `the key "${key.args}" is not supported in a map literal`, offset: key.start };
    }
  }
  return undefined;
}
