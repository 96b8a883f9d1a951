/** Quantities of k8s.io/apimachinery (pkg/api/resource), as far as they are compared. */
import { fail, type Library } from './define.ts';

const EXPONENTS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const POWERS_OF_TWO: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
/** A number without digits is zero, as it is for the API server. */
const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(|[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)$/;

/** No quantity of a real object comes near; what is longer or larger would only cost time. */
const MAX_LENGTH = 128;
const MAX_EXPONENT = 400;

/** The API server keeps nine decimals, rounds away from zero, and caps binary quantities at int64. */
const NANO = 9;
const MAX_BINARY = (2n ** 63n - 1n) * 10n ** BigInt(NANO);

export class Quantity {
  readonly #nano: bigint;

  constructor(nano: bigint) {
    this.#nano = nano;
  }

  compareTo(other: Quantity): bigint {
    return this.#nano < other.#nano ? -1n : this.#nano > other.#nano ? 1n : 0n;
  }

  equals(other: Quantity): boolean {
    return this.compareTo(other) === 0n;
  }
}

/** Measured: about half a microsecond. */
const UNITS_OF_PARSING = 10;

export function registerQuantities({ type, global, method, equality, budget }: Library): void {
  const parsed = (text: string): Quantity | undefined => {
    budget.spend(UNITS_OF_PARSING);
    return parseQuantity(text);
  };
  type('kubernetes.Quantity', Quantity);
  equality('kubernetes.Quantity', (left: Quantity, right: Quantity) => left.equals(right));
  global('isQuantity', ['string'], 'bool', (text: string) => parsed(text) !== undefined);
  global(
    'quantity',
    ['string'],
    'kubernetes.Quantity',
    (text: string) => parsed(text) ?? fail('the text is not a quantity'),
  );
  const compare = (name: string, returns: string, handler: (order: bigint) => unknown): void => {
    method('kubernetes.Quantity', name, ['kubernetes.Quantity'], returns, (one: Quantity, other: Quantity) =>
      handler(one.compareTo(other)),
    );
  };
  compare('compareTo', 'int', (order) => order);
  compare('isGreaterThan', 'bool', (order) => order > 0n);
  compare('isLessThan', 'bool', (order) => order < 0n);
}

function parseQuantity(text: string): Quantity | undefined {
  const match = text === '' || text.length > MAX_LENGTH ? null : SHAPE.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  const power = POWERS_OF_TWO[suffix];
  const exponent = power === undefined ? (EXPONENTS[suffix] ?? Number(suffix.slice(1))) : 0;
  if (Math.abs(exponent) > MAX_EXPONENT) {
    return undefined;
  }
  const digits = BigInt(`0${whole}${fraction}`) * 2n ** (power ?? 0n);
  const nano = scale(digits, exponent - fraction.length + NANO);
  const capped = power !== undefined && nano > MAX_BINARY ? MAX_BINARY : nano;
  return new Quantity(sign === '-' ? -capped : capped);
}

/** `digits` times ten to the power of `exponent`, rounded up. */
function scale(digits: bigint, exponent: number): bigint {
  if (exponent >= 0) {
    return digits * 10n ** BigInt(exponent);
  }
  const divisor = 10n ** BigInt(-exponent);
  return (digits + divisor - 1n) / divisor;
}
