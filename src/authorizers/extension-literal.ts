/**
 * Cedar's extension values as text, as the proxy's engine reads them (cedar-go 1.8, types: decimal, ipaddr, datetime,
 * duration). It is laxer than the Cedar project's own in places: `+1.5` is a decimal, `+010000-01-01` a datetime.
 */
import { isIPv6 } from 'node:net';
import { fitsInt64, type CountValue, type IpValue } from './cedar-value.ts';

export type ExtensionFunction = 'decimal' | 'ip' | 'datetime' | 'duration';

export function isExtensionFunction(name: string): name is ExtensionFunction {
  return ['decimal', 'ip', 'datetime', 'duration'].includes(name);
}

/** The value of `fn("text")`; undefined if there is none. */
export function extensionValue(fn: ExtensionFunction, text: string): CountValue | IpValue | undefined {
  switch (fn) {
    case 'decimal':
      return count('decimal', decimal(text));
    case 'ip':
      return ip(text);
    case 'datetime':
      return count('datetime', datetime(text));
    case 'duration':
      return count('duration', duration(text));
  }
}

function count(kind: CountValue['kind'], value: bigint | undefined): CountValue | undefined {
  return value === undefined ? undefined : { kind, count: value };
}

/** One to four digits behind the point. */
function decimal(text: string): bigint | undefined {
  const [, sign = '', whole = '', fraction = ''] = /^([+-]?)(\d+)\.(\d{1,4})$/.exec(text) ?? [];
  if (whole === '') {
    return undefined;
  }
  const units = BigInt(`${whole}${fraction.padEnd(4, '0')}`);
  const value = sign === '-' ? -units : units;
  return fitsInt64(value) ? value : undefined;
}

/** An address, with or without a prefix length; no zone, and no IPv4 in dots inside IPv6. */
function ip(text: string): IpValue | undefined {
  const [host = '', length, ...rest] = text.split('/');
  const family = host.includes(':') ? 6 : 4;
  const address = family === 6 ? ipv6(host) : ipv4(host);
  const longest = family === 6 ? 128 : 32;
  if (address === undefined || rest.length > 0) {
    return undefined;
  }
  if (length === undefined) {
    return { kind: 'ip', family, address, prefix: longest };
  }
  return /^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= longest
    ? { kind: 'ip', family, address, prefix: Number(length) }
    : undefined;
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split('.');
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return valid ? parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) : undefined;
}

function ipv6(text: string): bigint | undefined {
  if (!isIPv6(text) || text.includes('%') || text.includes('.')) {
    return undefined;
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

const DATETIME = /^(\d{4}|[+-]\d{9})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(?:Z|([+-])(\d\d)(\d\d)))?$/;
const DAY = 86_400_000n;

function datetime(text: string): bigint | undefined {
  const match = DATETIME.exec(text);
  if (match === null) {
    return undefined;
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, milli = 0] = match
    .slice(1, 8)
    .map((part: string | undefined) => Number(part ?? 0));
  const [zoneHour = 0, zoneMinute = 0] = match.slice(9).map((part: string | undefined) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) {
    return undefined;
  }
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) {
    return undefined;
  }
  const midnight = daysSinceEpoch(year, month, day) * DAY;
  if (match[4] === undefined) {
    // A date alone is not checked for its range: its milliseconds wrap, as the engine's do.
    return BigInt.asIntN(64, midnight);
  }
  const zone = BigInt((zoneHour * 60 + zoneMinute) * 60_000 * (match[8] === '-' ? -1 : 1));
  const value = midnight + BigInt(((hour * 60 + minute) * 60 + second) * 1000 + milli) - zone;
  return fitsInt64(value) ? value : undefined;
}

function daysOf(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

/** In the proleptic Gregorian calendar, counted in years that start in March, so that a leap day is the last. */
function daysSinceEpoch(year: number, month: number, day: number): bigint {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return BigInt(era * 146_097 + dayOfEra - 719_468);
}

const UNITS = [DAY, 3_600_000n, 60_000n, 1000n, 1n];

function duration(text: string): bigint | undefined {
  const match = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (match === null || match.slice(2).every((part) => (part as string | undefined) === undefined)) {
    return undefined;
  }
  const total = UNITS.reduce((sum, unit, index) => sum + BigInt(match[index + 2] ?? 0) * unit, 0n);
  // The engine takes the sign last, so the smallest 64 bit number cannot be written.
  return fitsInt64(total) ? (match[1] === '-' ? -total : total) : undefined;
}
