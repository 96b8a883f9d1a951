/** Cedar's extension values as text (Cedar documentation, "Data types", decimal, ipaddr, datetime and duration). */
import { isIPv4, isIPv6 } from 'node:net';

/** Whether `fn(arg)` is a value; an unknown `fn` is none. */
export function isExtensionLiteral(fn: string, arg: string): boolean {
  switch (fn) {
    case 'decimal':
      return isDecimal(arg);
    case 'ip':
      return isIp(arg);
    case 'datetime':
      return isDatetime(arg);
    case 'duration':
      return isDuration(arg);
    default:
      return false;
  }
}

const INT64_MAX = 2n ** 63n - 1n;

function fitsInt64(value: bigint): boolean {
  return value <= INT64_MAX && value >= -INT64_MAX - 1n;
}

/** One to four digits behind the point; kept as a 64 bit count of ten-thousandths. */
function isDecimal(text: string): boolean {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)\.(\d{1,4})$/.exec(text) ?? [];
  return whole !== '' && fitsInt64(BigInt(`${sign}${whole}${fraction.padEnd(4, '0')}`));
}

/** An address, with or without a prefix length; no zone, and no IPv4 inside IPv6. */
function isIp(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0 || address.includes('%') || (address.includes(':') && address.includes('.'))) {
    return false;
  }
  const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  return longest > 0 && (prefix === undefined || (/^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= longest));
}

function isDatetime(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d{3})?(?:Z|[+-](\d\d)(\d\d)))?$/.exec(text);
  if (match === null) {
    return false;
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = match
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay && hour < 24 && minute < 60 && second < 60 && zoneHour < 24 && zoneMinute < 60;
}

const UNITS = { d: 86_400_000n, h: 3_600_000n, m: 60_000n, s: 1000n, ms: 1n };

function isDuration(text: string): boolean {
  const match = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (match === null || match.slice(2).every((part) => (part as string | undefined) === undefined)) {
    return false;
  }
  const total = Object.values(UNITS).reduce((sum, unit, index) => sum + BigInt(match[index + 2] ?? 0) * unit, 0n);
  return fitsInt64(match[1] === '-' ? -total : total);
}
