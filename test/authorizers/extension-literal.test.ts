/** Extension values as text: what is one, to the last digit, and what only looks like one. */
import { extensionValue, isExtensionFunction } from '../../src/authorizers/extension-literal.ts';

function count(fn: 'decimal' | 'datetime' | 'duration', text: string): bigint | undefined {
  const value = extensionValue(fn, text);
  expect(value?.kind ?? fn).toBe(fn);
  return value === undefined || value.kind === 'ip' ? undefined : value.count;
}

it('four functions make values', () => {
  expect(['decimal', 'ip', 'datetime', 'duration', 'uuid', ''].map(isExtensionFunction)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

describe('decimal', () => {
  it.each([
    ['0.0', 0n],
    ['1.5', 15_000n],
    ['-1.5', -15_000n],
    ['+1.5', 15_000n],
    ['1.0001', 10_001n],
    ['007.10', 71_000n],
    ['922337203685477.5807', 9_223_372_036_854_775_807n],
    ['-922337203685477.5808', -9_223_372_036_854_775_808n],
  ])('%s', (text, units) => {
    expect(count('decimal', text)).toBe(units);
  });

  it.each([
    '',
    '1',
    '1.',
    '.5',
    '1.00001',
    '--1.0',
    '1.0 ',
    ' 1.0',
    '1e5',
    '922337203685477.5808',
    '-922337203685477.5809',
    '1.0\n2.0',
  ])('%j is none', (text) => {
    expect(count('decimal', text)).toBeUndefined();
  });
});

describe('ip', () => {
  it.each([
    ['10.0.0.1', { family: 4, address: 0x0a000001n, prefix: 32 }],
    ['10.0.0.1/8', { family: 4, address: 0x0a000001n, prefix: 8 }],
    ['0.0.0.0/0', { family: 4, address: 0n, prefix: 0 }],
    ['255.255.255.255/32', { family: 4, address: 0xffffffffn, prefix: 32 }],
    ['::', { family: 6, address: 0n, prefix: 128 }],
    ['::1', { family: 6, address: 1n, prefix: 128 }],
    ['2001:db8::ff:1/64', { family: 6, address: 0x20010db80000000000000000_00ff0001n, prefix: 64 }],
    ['1:2:3:4:5:6:7:8', { family: 6, address: 0x00010002000300040005000600070008n, prefix: 128 }],
    ['1::', { family: 6, address: 0x00010000000000000000000000000000n, prefix: 128 }],
    ['::1/128', { family: 6, address: 1n, prefix: 128 }],
  ])('%s', (text, expected) => {
    expect(extensionValue('ip', text)).toEqual({ kind: 'ip', ...expected });
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.0.1',
    '256.0.0.1',
    '10.0.0.01',
    '10.0.0.1000',
    '10.0.0.x',
    '10.0.0.1/33',
    '10.0.0.1/08',
    '10.0.0.1/',
    '10.0.0.1/1000',
    '10.0.0.1/8/8',
    '1.2.3.4x',
    'x1.2.3.4',
    '::1/129',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
    '1::2::3',
    ':::',
    '/8',
  ])('%j is none', (text) => {
    expect(extensionValue('ip', text)).toBeUndefined();
  });
});

describe('datetime', () => {
  it.each([
    ['1970-01-01', 0],
    ['1970-01-02', 86_400_000],
    ['1969-12-31', -86_400_000],
    ['2000-02-29', Date.UTC(2000, 1, 29)],
    ['2000-03-01', Date.UTC(2000, 2, 1)],
    ['1900-02-28', Date.UTC(1900, 1, 28)],
    ['1900-03-01', Date.UTC(1900, 2, 1)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2024-12-31', Date.UTC(2024, 11, 31)],
    ['2023-04-30', Date.UTC(2023, 3, 30)],
    ['1600-01-01', Date.UTC(1600, 0, 1)],
    ['2024-05-06T07:08:09Z', Date.UTC(2024, 4, 6, 7, 8, 9)],
    ['2024-05-06T07:08:09.123Z', Date.UTC(2024, 4, 6, 7, 8, 9, 123)],
    ['2024-05-06T23:59:59.999Z', Date.UTC(2024, 4, 6, 23, 59, 59, 999)],
    ['2024-05-06T07:08:09+0130', Date.UTC(2024, 4, 6, 5, 38, 9)],
    ['2024-05-06T07:08:09-0130', Date.UTC(2024, 4, 6, 8, 38, 9)],
    ['2024-05-06T07:08:09.500-0000', Date.UTC(2024, 4, 6, 7, 8, 9, 500)],
    ['2024-05-06T00:00:00+2359', Date.UTC(2024, 4, 5, 0, 1, 0)],
    ['+000002024-05-06', Date.UTC(2024, 4, 6)],
    ['-000000001-01-01', Date.UTC(-1, 0, 1)],
    ['0000-01-01', new Date('0000-01-01T00:00:00Z').getTime()],
  ])('%s', (text, milliseconds) => {
    expect(count('datetime', text)).toBe(BigInt(milliseconds));
  });

  it.each([
    '',
    '2024',
    '2024-1-01',
    '2024-00-01',
    '2024-13-01',
    '2024-01-00',
    '2024-01-32',
    '2024-04-31',
    '2023-02-29',
    '1900-02-29',
    '2024-02-30',
    '2024-06-31',
    '2024-09-31',
    '2024-11-31',
    '2024-05-06T24:00:00Z',
    '2024-05-06T00:60:00Z',
    '2024-05-06T00:00:60Z',
    '2024-05-06T00:00:00+2400',
    '2024-05-06T00:00:00+0060',
    '2024-05-06T00:00:00',
    '2024-05-06T00:00:00.1Z',
    '2024-05-06T00:00:00+01:00',
    '2024-05-06Z',
    'x2024-05-06',
    '2024-05-06x',
    '+02024-05-06',
  ])('%j is none', (text) => {
    expect(count('datetime', text)).toBeUndefined();
  });

  it.each(['01', '03', '05', '07', '08', '10', '12'])('month %s has 31 days', (month) => {
    expect(count('datetime', `2023-${month}-31`)).toBe(BigInt(Date.UTC(2023, Number(month) - 1, 31)));
  });
});

describe('duration', () => {
  it.each([
    ['1d', 86_400_000n],
    ['12d', 1_036_800_000n],
    ['1h', 3_600_000n],
    ['1m', 60_000n],
    ['1s', 1000n],
    ['1ms', 1n],
    ['1d2h3m4s5ms', 93_784_005n],
    ['-1h30m', -5_400_000n],
    ['0ms', 0n],
    ['9223372036854775807ms', 9_223_372_036_854_775_807n],
  ])('%s', (text, milliseconds) => {
    expect(count('duration', text)).toBe(milliseconds);
  });

  it.each([
    '',
    '-',
    '1',
    'd',
    '1h1d',
    '1s1m',
    '+1s',
    '1 s',
    '1.5s',
    'x1s',
    '1sx',
    '9223372036854775808ms',
    '106751991168d',
  ])('%j is none', (text) => {
    expect(count('duration', text)).toBeUndefined();
  });
});
