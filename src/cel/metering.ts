/**
 * Makes the CEL library count: every node of a parsed and checked expression spends from a budget when it is evaluated.
 *
 * The library has no cost limit and no hook for one. It keeps the function that evaluates a node in the node's
 * `meta`, from where it is read at the first evaluation (lib/parser.js, ASTNode.evaluate, 8.0.0); that function is
 * wrapped here. The tests of this folder fail if a new version of the library evaluates in another way.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { childrenOf, comprehensionOf } from './ast.ts';
import type { Budget } from './budget.ts';

type Evaluate = (...args: readonly unknown[]) => unknown;

interface Evaluated {
  evaluate: Evaluate;
}

/** A macro is evaluated by what it was expanded to, or by its own function; anything else by its operator. */
interface Meta extends Evaluated {
  readonly alternate?: { readonly meta: Meta };
  readonly macro?: Evaluated;
}

/** An error is built with an excerpt of the source, and `all` and `||` may swallow it and go on. */
const ERROR_UNITS = 100;
const CHARACTERS_OF_ERROR = 32;

export function meter(root: ASTNode, budget: Budget): void {
  const read = new Set<ASTNode>();
  const iterated = new Set<ASTNode>();
  const visit = (node: ASTNode): void => {
    for (const operand of operandsRead(node)) {
      read.add(operand);
    }
    const range = comprehensionOf(node)?.range;
    if (range !== undefined) {
      iterated.add(range);
    }
    const price = read.has(node) ? weight : iterated.has(node) ? length : text;
    const extra = asksForTimeZone(node) ? TIME_ZONE_UNITS : 0;
    wrap(
      evaluatedOf(node),
      (result) => extra + price(result, budget),
      budget,
      ERROR_UNITS + root.input.length / CHARACTERS_OF_ERROR,
    );
    childrenOf(node).forEach(visit);
  };
  visit(root);
}

const READING: ReadonlySet<string> = new Set(['==', '!=', 'in', '+', '<', '<=', '>', '>=']);

/** Operands that an operator or function reads completely. `size` reads strings only, `has` nothing. */
function operandsRead(node: ASTNode): readonly ASTNode[] {
  const reads =
    node.op === 'call' || node.op === 'rcall'
      ? !['size', 'has'].includes(node.args[0]) && comprehensionOf(node) === undefined
      : READING.has(node.op);
  return reads ? childrenOf(node) : [];
}

/** Measured: each `getHours("Europe/Berlin")` makes a date formatter, 30 to 60 µs. */
const TIME_ZONE_UNITS = 1000;

const asksForTimeZone = (node: ASTNode): boolean =>
  node.op === 'rcall' && node.args[0].startsWith('get') && node.args[2].length === 1;

const weight = (value: unknown, budget: Budget): number => budget.weigh(value);
const text = (value: unknown, budget: Budget): number => (typeof value === 'string' ? budget.weigh(value) : 0);
const length = (value: unknown): number =>
  Array.isArray(value) ? value.length : value instanceof Map ? value.size : 0;

function evaluatedOf(node: ASTNode): Evaluated {
  // `meta` is missing in the library's types.
  const { meta } = node as unknown as { readonly meta: Meta };
  return meta.alternate?.meta ?? meta.macro ?? meta;
}

function wrap(target: Evaluated, price: (result: unknown) => number, budget: Budget, errorPrice: number): void {
  const { evaluate } = target;
  target.evaluate = (...args) => {
    budget.spend(1);
    let result: unknown;
    try {
      result = evaluate(...args);
    } catch (error) {
      budget.spend(errorPrice);
      throw error;
    }
    budget.spend(price(result));
    return result;
  };
}
