import { Quantity } from './quantity.ts';
import { Url } from './url.ts';

/** CEL's `==` over values of unknown type: numbers by value, whatever their type; never an error. */
export function celEqual(left: unknown, right: unknown): boolean {
  if (typeof left === 'bigint' && typeof right === 'number') {
    return Number(left) === right;
  }
  if (typeof left === 'number' && typeof right === 'bigint') {
    return left === Number(right);
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, index) => celEqual(value, right[index]));
  }
  if (left instanceof Map && right instanceof Map) {
    return (
      left.size === right.size && [...left].every(([key, value]) => right.has(key) && celEqual(value, right.get(key)))
    );
  }
  if ((left instanceof Quantity && right instanceof Quantity) || (left instanceof Url && right instanceof Url)) {
    return left.equals(right as never);
  }
  return left === right;
}
