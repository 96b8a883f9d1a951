/**
 * Which type each claim and argument must have for the policies that mention it to make sense. Claims and arguments are
 * open-world: the schema for the validator declares those that the text mentions, with the type that their use implies.
 */
import { at } from '../api/json.ts';
import { attributeChain, treeNode } from './policy-tree.ts';

export type AttributeType =
  | 'String'
  | 'Bool'
  | 'decimal'
  | 'Set<String>'
  | 'Set<decimal>'
  | { readonly fields: Map<string, AttributeType | undefined> };

/** By variable, then attribute. Undefined: mentioned, but its use says nothing about its type. */
export type MentionedAttributes = ReadonlyMap<string, Map<string, AttributeType | undefined>>;

export function mentionedAttributes(conditions: readonly unknown[]): MentionedAttributes {
  const mentioned = new Map(
    ['principal', 'resource', 'context'].map((name) => [name, new Map<string, AttributeType | undefined>()]),
  );
  for (const condition of conditions) {
    visit(condition, 'Bool', mentioned);
  }
  return mentioned;
}

const COMPARISONS = ['<', '<=', '>', '>=', '+', '-', '*'];
const LOGIC = ['&&', '||'];
const DECIMAL_METHODS = ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'];

/** `expected` is what the place asks of the expression's type. */
function visit(expression: unknown, expected: AttributeType | undefined, mentioned: MentionedAttributes): void {
  const chain = attributeChain(expression);
  if (chain !== undefined) {
    note(chain, expected, mentioned);
    return;
  }
  const node = treeNode(expression);
  if (node === undefined) {
    return;
  }
  const { operator, value } = node;
  const [left, right] = [at(value, 'left'), at(value, 'right')];
  if (LOGIC.includes(operator)) {
    visit(left, 'Bool', mentioned);
    visit(right, 'Bool', mentioned);
  } else if (operator === '!' || operator === 'neg') {
    visit(at(value, 'arg'), operator === '!' ? 'Bool' : 'decimal', mentioned);
  } else if (operator === '==' || operator === '!=') {
    visit(left, typeOf(right, mentioned), mentioned);
    visit(right, typeOf(left, mentioned), mentioned);
  } else if (COMPARISONS.includes(operator)) {
    visit(left, 'decimal', mentioned);
    visit(right, 'decimal', mentioned);
  } else if (operator === 'contains') {
    visit(left, typeOf(right, mentioned) === 'decimal' ? 'Set<decimal>' : 'Set<String>', mentioned);
    visit(right, 'String', mentioned);
  } else if (operator === 'containsAll' || operator === 'containsAny') {
    visit(left, 'Set<String>', mentioned);
    visit(right, 'Set<String>', mentioned);
  } else if (operator === 'isEmpty') {
    visit(at(value, 'arg'), 'Set<String>', mentioned);
  } else if (operator === 'has') {
    noteGuard(left, at(value, 'attr'), mentioned);
  } else if (operator === 'if-then-else') {
    visit(at(value, 'if'), 'Bool', mentioned);
    visit(at(value, 'then'), expected, mentioned);
    visit(at(value, 'else'), expected, mentioned);
  } else if (Array.isArray(value)) {
    const inner = DECIMAL_METHODS.includes(operator) ? 'decimal' : 'String';
    for (const element of value as readonly unknown[]) {
      visit(element, inner, mentioned);
    }
  } else {
    visit(left, 'String', mentioned);
    visit(right, 'String', mentioned);
  }
}

/** The type that an operand of an equation shows; what a chain was used as before counts. */
function typeOf(expression: unknown, mentioned: MentionedAttributes): AttributeType | undefined {
  const node = treeNode(expression);
  switch (node?.operator) {
    case 'Value':
      return { string: 'String', boolean: 'Bool', number: 'decimal' }[typeof node.value as string] as
        AttributeType | undefined;
    case 'decimal':
      return 'decimal';
    case 'Set':
      return Array.isArray(node.value) && typeOf(node.value[0], mentioned) === 'decimal'
        ? 'Set<decimal>'
        : 'Set<String>';
    case '.': {
      const [variable = '', name = '', ...deeper] = attributeChain(expression) ?? [];
      return deeper.length === 0 ? mentioned.get(variable)?.get(name) : undefined;
    }
    case undefined:
    default:
      return undefined;
  }
}

/** `left has a.b` mentions a, and b within it. */
function noteGuard(left: unknown, attribute: unknown, mentioned: MentionedAttributes): void {
  const chain = attributeChain(left);
  const names = (Array.isArray(attribute) ? attribute : [attribute]).filter((name) => typeof name === 'string');
  if (chain !== undefined) {
    note([...chain, ...names], undefined, mentioned);
  }
}

/** Claims nest to a depth of 10 at most (ToolHive drops the rest); a schema much deeper traps the validator. */
const MAX_PATH = 16;

function note(chain: readonly string[], type: AttributeType | undefined, mentioned: MentionedAttributes): void {
  const [variable = '', ...path] = chain.slice(0, MAX_PATH);
  let fields = mentioned.get(variable);
  for (const [index, name] of path.entries()) {
    if (fields === undefined) {
      return;
    }
    const known = fields.get(name);
    if (index === path.length - 1) {
      fields.set(name, known ?? type);
      return;
    }
    const record = typeof known === 'object' ? known : { fields: new Map<string, AttributeType | undefined>() };
    fields.set(name, record);
    fields = record.fields;
  }
}
