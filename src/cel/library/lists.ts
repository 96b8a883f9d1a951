/** k8s.io/apiserver, pkg/cel/library/lists.go and the sets of cel-go's ext package. */
import { celEqual } from './equality.ts';
import { fail, type Library } from './define.ts';

type Comparable = bigint | number | string | boolean;

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;

/** The receiver of `sets.contains(…)`: the library has no functions with a dot in their name. */
class Sets {
  readonly name = 'sets';
}

export function registerLists({ method, type, constant, budget }: Library): void {
  method('list', 'isSorted', [], 'bool', (list: unknown[]) =>
    comparable(list).every((value, index, all) => index === 0 || !(value < (all[index - 1] ?? value))),
  );
  method('list', 'min', [], 'dyn', (list: unknown[]) => extreme('min', list, (value, best) => value < best));
  method('list', 'max', [], 'dyn', (list: unknown[]) => extreme('max', list, (value, best) => value > best));
  method('list', 'sum', [], 'dyn', sum);
  method('list', 'indexOf', ['dyn'], 'int', (list: unknown[], wanted: unknown) =>
    BigInt(list.findIndex((value) => celEqual(value, wanted))),
  );
  method('list', 'lastIndexOf', ['dyn'], 'int', (list: unknown[], wanted: unknown) =>
    BigInt(list.findLastIndex((value) => celEqual(value, wanted))),
  );
  type('kubernetes.Sets', Sets);
  constant('sets', 'kubernetes.Sets', new Sets());
  const contains = (list: unknown[], parts: unknown[]): boolean => {
    budget.spend(budget.weigh(list) * parts.length + budget.weigh(parts) * list.length);
    return parts.every((part) => list.some((value) => celEqual(value, part)));
  };
  method('kubernetes.Sets', 'contains', ['list', 'list'], 'bool', (_: Sets, list: unknown[], parts: unknown[]) =>
    contains(list, parts),
  );
  method(
    'kubernetes.Sets',
    'equivalent',
    ['list', 'list'],
    'bool',
    (_: Sets, one: unknown[], other: unknown[]) => contains(one, other) && contains(other, one),
  );
  method('kubernetes.Sets', 'intersects', ['list', 'list'], 'bool', (_: Sets, one: unknown[], other: unknown[]) => {
    budget.spend(budget.weigh(one) * other.length + budget.weigh(other) * one.length);
    return other.some((part) => one.some((value) => celEqual(value, part)));
  });
}

const isNumber = (value: unknown): value is bigint | number => typeof value === 'bigint' || typeof value === 'number';
const isComparable = (value: unknown): value is Comparable =>
  isNumber(value) || typeof value === 'string' || typeof value === 'boolean';

/** Values that `<` orders among each other: numbers, or all strings, or all booleans. */
function comparable(list: readonly unknown[]): readonly Comparable[] {
  const kinds = new Set(list.map((value) => (isNumber(value) ? 'number' : typeof value)));
  return kinds.size <= 1 && list.every(isComparable)
    ? list
    : fail('no such overload: the elements of the list cannot be compared');
}

function extreme(
  name: string,
  list: readonly unknown[],
  better: (value: Comparable, best: Comparable) => boolean,
): Comparable {
  const [first, ...rest] = comparable(list);
  return first === undefined
    ? fail(`${name} called on empty list`)
    : rest.reduce((best, value) => (better(value, best) ? value : best), first);
}

/** Ints stay int; with one double among them, as JSON's numbers may be mixed, the sum is a double. */
function sum(list: readonly unknown[]): bigint | number {
  if (!list.every(isNumber)) {
    return fail('no such overload: only numbers can be summed');
  }
  if (list.some((value) => typeof value === 'number')) {
    return list.reduce((total: number, value) => total + Number(value), 0);
  }
  const total = list.reduce((all: bigint, value) => all + BigInt(value), 0n);
  return total > MAX_INT || total < MIN_INT ? fail('integer overflow') : total;
}
