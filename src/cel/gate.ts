/** What an expression may cost by its shape alone; the rest is counted while it runs ({@link ./budget.ts}). */
import type { ASTNode } from '@marcbachmann/cel-js';
import { childrenOf, comprehensionOf } from './ast.ts';

/** Bytes and structure of one expression. The CEL library's own limits allow what overflows the stack. */
export const LIMITS = { sourceBytes: 16 * 1024, maxDepth: 64, maxAstNodes: 2000, nested: 2, chained: 8 } as const;

export interface GateDefect {
  readonly message: string;
  readonly offset: number;
}

export function sourceDefect(source: string): GateDefect | undefined {
  const bytes = new TextEncoder().encode(source).length;
  return bytes > LIMITS.sourceBytes
    ? {
        message: `the expression has ${String(bytes)} bytes; at most ${String(LIMITS.sourceBytes)} are allowed`,
        offset: 0,
      }
    : undefined;
}

/** The first comprehension that stands too deep in others, or too far down a chain of them. */
export function shapeDefect(node: ASTNode, depth = 0): GateDefect | undefined {
  const comprehension = comprehensionOf(node);
  if (comprehension === undefined) {
    return first(childrenOf(node), depth);
  }
  if (depth >= LIMITS.nested) {
    return { message: `comprehensions are nested more than ${String(LIMITS.nested)} deep`, offset: node.start };
  }
  if (chainLength(node) > LIMITS.chained) {
    return { message: `more than ${String(LIMITS.chained)} comprehensions are chained`, offset: node.start };
  }
  return shapeDefect(comprehension.range, depth) ?? first(comprehension.body, depth + 1);
}

function first(nodes: readonly ASTNode[], depth: number): GateDefect | undefined {
  for (const node of nodes) {
    const defect = shapeDefect(node, depth);
    if (defect !== undefined) {
      return defect;
    }
  }
  return undefined;
}

/** Comprehensions along the receivers: `x.map(…).filter(…)` is 2, calls and fields between them do not matter. */
function chainLength(node: ASTNode): number {
  const comprehension = comprehensionOf(node);
  if (comprehension !== undefined) {
    return 1 + chainLength(comprehension.range);
  }
  const receiver = node.op === 'rcall' ? node.args[1] : node.op === '.' || node.op === '[]' ? node.args[0] : undefined;
  return receiver === undefined ? 0 : chainLength(receiver);
}
