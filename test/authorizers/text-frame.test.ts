import { frameAt, offsetOfByte, positionAt } from '../../src/authorizers/text-frame.ts';

it.each([
  ['', 0, 1, 1],
  ['abc', 2, 1, 3],
  ['abc\ndef', 3, 1, 4],
  ['abc\ndef', 4, 2, 1],
  ['a\n\nb', 3, 3, 1],
  ['😀x', 2, 1, 2],
])('%j at %d is line %d, column %d', (text, offset, line, column) => {
  expect(positionAt(text, offset)).toEqual({ line, column });
});

it.each([
  ['abc', 2, 2],
  ['é😀x', 6, 3],
  ['abc', 9, 3],
])('byte %2$d of %1$j', (text, byte, offset) => {
  expect(offsetOfByte(text, byte)).toBe(offset);
});

describe('the line with a caret', () => {
  it.each([
    ['the first', 'abc\ndef', 1, 'abc\n ^'],
    ['the last', 'abc\ndef', 5, 'def\n ^'],
    ['one in between', 'abc\ndef\nghi', 4, 'def\n^'],
    ['the end of one', 'abc\ndef', 3, 'abc\n   ^'],
    ['with tabs', '\ta\tb', 3, '\ta\tb\n\t \t^'],
    ['of a file from Windows', 'abc\r\ndef', 1, 'abc\n ^'],
    ['with a carriage return inside', 'a\rb\nc', 2, 'a\rb\n  ^'],
    ['of a hundred characters', 'x'.repeat(100), 99, `${'x'.repeat(100)}\n${' '.repeat(99)}^`],
    ['longer, near its start', 'x'.repeat(101), 0, `${'x'.repeat(100)}…\n^`],
    ['longer, at the middle of what is shown', 'x'.repeat(200), 50, `${'x'.repeat(100)}…\n${' '.repeat(50)}^`],
    [
      'longer, in the middle',
      `${'x'.repeat(100)}y${'z'.repeat(100)}`,
      100,
      `…${'x'.repeat(50)}y${'z'.repeat(49)}…\n${' '.repeat(51)}^`,
    ],
    ['longer, near its end', 'x'.repeat(150), 149, `…${'x'.repeat(100)}\n${' '.repeat(100)}^`],
  ])('%s', (_which, text, offset, expected) => {
    expect(frameAt(text, offset)).toBe(expected);
  });
});
