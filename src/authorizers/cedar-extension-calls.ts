/** Functions and methods of decimal, ipaddr, datetime and duration (cedar-go 1.8, internal/eval, newExtensionEval). */
import { checkedCount, checkedIp, checkedResult, checkedString, EvaluationError } from './cedar-checks.ts';
import type { CedarValue, IpValue } from './cedar-value.ts';
import { extensionValue, isExtensionFunction, type ExtensionFunction } from './extension-literal.ts';

interface ExtensionCall {
  readonly parameters: number;
  readonly call: (...values: readonly CedarValue[]) => CedarValue;
}

const DAY = 86_400_000n;

const CALLS: Readonly<Record<string, ExtensionCall>> = {
  lessThan: decimals((a, b) => a < b),
  lessThanOrEqual: decimals((a, b) => a <= b),
  greaterThan: decimals((a, b) => a > b),
  greaterThanOrEqual: decimals((a, b) => a >= b),
  isIpv4: ipTest(({ family }) => family === 4),
  isIpv6: ipTest(({ family }) => family === 6),
  isLoopback: ipTest(isLoopback),
  isMulticast: ipTest(isMulticast),
  isInRange: {
    parameters: 2,
    call: (address = false, range = false) => {
      const inner = checkedIp(address);
      return contains(checkedIp(range), inner);
    },
  },
  // Towards zero, also before 1970: the Cedar project's own engine goes to the day before.
  toDate: {
    parameters: 1,
    call: (value = false) => {
      const count = checkedCount('datetime', value);
      return { kind: 'datetime', count: count - (count % DAY) };
    },
  },
  toTime: {
    parameters: 1,
    call: (value = false) => ({ kind: 'duration', count: checkedCount('datetime', value) % DAY }),
  },
  toMilliseconds: inUnits(1n),
  toSeconds: inUnits(1000n),
  toMinutes: inUnits(60_000n),
  toHours: inUnits(3_600_000n),
  toDays: inUnits(DAY),
  offset: {
    parameters: 2,
    call: (value = false, by = false) => {
      const count = checkedCount('datetime', value) + checkedCount('duration', by);
      return { kind: 'datetime', count: checkedResult(count, () => 'compute datetime offset') };
    },
  },
  durationSince: {
    parameters: 2,
    call: (value = false, since = false) => {
      const count = checkedCount('datetime', value) - checkedCount('datetime', since);
      return { kind: 'duration', count: checkedResult(count, () => 'compute durationSince') };
    },
  },
};

/** What to run with the values of the arguments; a wrong number of them is an error only when it is run. */
export function extensionFunction(name: string, given: number): ExtensionCall['call'] {
  const known = isExtensionFunction(name) ? constructorOf(name) : Object.hasOwn(CALLS, name) ? CALLS[name] : undefined;
  if (known === undefined) {
    return () => fail(`function does not exist: ${name}`);
  }
  const { parameters, call } = known;
  const counts = `${name} takes ${String(parameters)} parameter(s), but ${String(given)} provided`;
  return given === parameters
    ? call
    : () => fail(`wrong number of arguments provided to extension function: ${counts}`);
}

function constructorOf(name: ExtensionFunction): ExtensionCall {
  return {
    parameters: 1,
    call: (value = false) => {
      const text = checkedString(value);
      return extensionValue(name, text) ?? fail(`error parsing ${name} value: "${text}" is none`);
    },
  };
}

function fail(message: string): never {
  throw new EvaluationError(message);
}

function decimals(test: (a: bigint, b: bigint) => boolean): ExtensionCall {
  return {
    parameters: 2,
    call: (a = false, b = false) => test(checkedCount('decimal', a), checkedCount('decimal', b)),
  };
}

function ipTest(test: (value: IpValue) => boolean): ExtensionCall {
  return { parameters: 1, call: (value = false) => test(checkedIp(value)) };
}

function inUnits(unit: bigint): ExtensionCall {
  return { parameters: 1, call: (value = false) => checkedCount('duration', value) / unit };
}

function bitsOf({ family }: IpValue): number {
  return family === 4 ? 32 : 128;
}

/** The first `prefix` bits of an address. */
function network(value: IpValue, prefix: number): bigint {
  return value.address >> BigInt(bitsOf(value) - prefix);
}

function contains(range: IpValue, inner: IpValue): boolean {
  return (
    range.family === inner.family &&
    range.prefix <= inner.prefix &&
    network(range, range.prefix) === network(inner, range.prefix)
  );
}

function isLoopback(value: IpValue): boolean {
  return value.family === 4
    ? value.prefix >= 8 && network(value, 8) === 127n
    : value.prefix === 128 && value.address === 1n;
}

function isMulticast(value: IpValue): boolean {
  return value.family === 4
    ? value.prefix >= 4 && network(value, 4) === 0xen
    : value.prefix >= 8 && network(value, 8) === 0xffn;
}
