/**
 * `timestamp` and `duration` from text. The library's own take whatever JavaScript's Date guesses, in the time zone of
 * the process, and need cubic time for a long row of digits.
 */
import { Duration } from '@marcbachmann/cel-js/evaluator';
import { fail, type Library } from './define.ts';

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Years 1 to 9999, in milliseconds. */
const EARLIEST = -62135596800000;
const LATEST = 253402300799999;

/** Longer than any duration that fits into int64 nanoseconds. */
const MAX_DURATION = 64;
const DURATION = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|ms|s|m|h)/g;
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const SECOND = 1_000_000_000n;

/** Measured: about half a microsecond. */
const UNITS_OF_PARSING = 10;

export function registerTimes({ global, budget }: Library): void {
  global('timestamp', ['string'], 'google.protobuf.Timestamp', (text: string) => {
    budget.spend(UNITS_OF_PARSING);
    const time = text.length <= 40 && RFC3339.test(text) ? new Date(text) : undefined;
    return time === undefined ? fail('the text is not a timestamp of RFC 3339') : bounded(time);
  });
  global('timestamp', ['int'], 'google.protobuf.Timestamp', (seconds: bigint) =>
    bounded(new Date(Number(seconds) * 1000)),
  );
  global('timestamp', ['google.protobuf.Timestamp'], 'google.protobuf.Timestamp', (time: Date) => time);
  global('duration', ['string'], 'google.protobuf.Duration', (text: string) => {
    budget.spend(UNITS_OF_PARSING);
    return parseDuration(text);
  });
  global('duration', ['google.protobuf.Duration'], 'google.protobuf.Duration', (duration: Duration) => duration);
}

function bounded(time: Date): Date {
  return time.getTime() >= EARLIEST && time.getTime() <= LATEST ? time : fail('the timestamp is out of range');
}

/** Go's time.ParseDuration. */
function parseDuration(text: string): Duration {
  if (text.length > MAX_DURATION || (text !== '0' && !DURATION.test(text))) {
    return fail('the text is not a duration');
  }
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(PART)) {
    const factor = UNITS[unit] ?? 0n;
    nanos += BigInt(`0${whole}`) * factor + (BigInt(`0${fraction}`) * factor) / 10n ** BigInt(fraction.length);
  }
  if (nanos > 2n ** 63n - 1n) {
    return fail('the duration is out of range');
  }
  const signed = text.startsWith('-') ? -nanos : nanos;
  return new Duration(signed / SECOND, Number(signed % SECOND));
}
