/** What one pass over a policy's text finds, to the character. */
import { scanPolicy, type ScanFault } from '../../src/authorizers/policy-scan.ts';

const HEAD = 'permit(principal, action, resource)';

function faults(source: string): readonly string[] {
  return scanPolicy(source).faults.map(({ reason, offset }) => `${reason} ${String(offset)}`);
}

/** `middle` where a condition stands, at its own offset. */
function when(middle: string): { readonly source: string; readonly at: number } {
  return { source: `${HEAD} when { ${middle} };`, at: HEAD.length + 8 };
}

function within(middle: string): readonly string[] {
  const { source, at } = when(middle);
  return scanPolicy(source).faults.map(({ reason, offset }) => `${reason} ${String(offset - at)}`);
}

describe('where the first policy ends, and what is behind it', () => {
  it.each<[string, number | undefined, number | undefined, boolean]>([
    ['', undefined, undefined, true],
    [' \t\r\n', undefined, undefined, true],
    ['// x;', undefined, undefined, true],
    ['/* x; */ // y', undefined, undefined, true],
    ['x', undefined, undefined, false],
    ['x;', 2, undefined, false],
    ['x; \n// y', 2, undefined, false],
    ['x; /* y */', 2, undefined, false],
    ['x; y', 2, 3, false],
    ['x; y; z', 2, 3, false],
    ['x;;', 2, 2, false],
    ['(x;)', undefined, undefined, false],
    ['(x;);', 5, undefined, false],
    ['[;]{;};', 7, undefined, false],
    ['"x;";', 5, undefined, false],
    ['x);', 3, undefined, false],
    ['x; \u00a0', 2, 3, false],
  ])('%j', (source, end, trailing, empty) => {
    const scan = scanPolicy(source);
    expect([scan.end, scan.trailing, scan.empty]).toEqual([end, trailing, empty]);
    expect(scan.faults).toEqual([]);
  });
});

describe('what the module is given', () => {
  it.each([
    ['a /* b\nc */ d', 'a     \n     d'],
    ['a // b\nc', 'a     \nc'],
    ['a /**/ b', 'a      b'],
    ['a / b', 'a / b'],
    ['"/* a */"', '"/* a */"'],
    ['"// a"', '"// a"'],
    ['"\\"/*" /* a */', '"\\"/*"        '],
    ['!!!!x', '!!!!x'],
    ['!!!!!x', '!!!  x'],
    ['!!!!!!x', '!!!  !x'],
    ['!!!!!!!!!!x', '!!!      !x'],
    ['! ! ! ! ! x', '! ! !     x'],
    ['-----1', '---  1'],
    ['!!!--x', '!!!--x'],
    ['!!!!-----x', '!!!!---  x'],
    [' !!!!-----x', ' !!!!---  x'],
    ['! !\n!/**/!!x', '! !\n!      x'],
    ['!!!x!!!y', '!!!x!!!y'],
    ['!!!x !!! != !!!', '!!!x !!! != !!!'],
    ['a != !b', 'a != !b'],
    ['a != !!!!!b', 'a != !!!  b'],
    ['!! /* x */ !!!b', '!!         !  b'],
  ])('%j', (source, text) => {
    const scan = scanPolicy(source);
    expect(scan.text).toBe(text);
    expect(scan.text).toHaveLength(source.length);
    expect(scan.faults).toEqual([]);
  });
});

describe('what neither parser is asked about', () => {
  it.each<[string, readonly string[]]>([
    ['"', ['UnterminatedString 0']],
    [' "abc', ['UnterminatedString 1']],
    ['"abc\\"', ['UnterminatedString 0']],
    ['"abc\\', ['UnterminatedString 0']],
    ['"abc\ndef"', ['LineBreakInString 0', 'UnterminatedString 8']],
    ['"a\\\nb"', []],
    ['"\\\\"', []],
    ['/* abc', ['UnterminatedComment 0']],
    ['x /*/', ['UnterminatedComment 2']],
    ['/**/', []],
    ['// abc', []],
    ['a\u00a0b', ['StrangeSpace 1']],
    ['a\u2028b\u000bc', ['StrangeSpace 1', 'StrangeSpace 3']],
    ['"a\u00a0b"', []],
    ['// a\u00a0b', []],
    ['x; \u00a0', []],
    ['"a\0b"', ['StrangeCharacter 2']],
    ['x "a\ufffdb" "\0"', ['StrangeCharacter 4', 'StrangeCharacter 9']],
    ['"\\u{4_1}"', ['StrangeCharacter 1']],
    ['"\\\\\\u{4_1}"', ['StrangeCharacter 1']],
    ['"\\\\u{4_1}"', []],
    ['"\\u{41}_"', []],
    ['"\\u{G_1}"', []],
    ['x \0 \0', ['StrangeCharacter 2']],
    ['x; \0', ['StrangeCharacter 3']],
    ['// a\0\n/* \0 */', ['StrangeCharacter 4']],
    ['x /* \0 */ y', ['StrangeCharacter 5']],
    ['// a\n"\0"', ['StrangeCharacter 6']],
    ['// \ufffd', []],
  ])('%j', (source, expected) => {
    expect(faults(source)).toEqual(expected);
  });
});

/** Each line was tried with cedar-go, which takes a minus before digits for a part of the number. */
describe('a part of a negative number', () => {
  it.each<[string, readonly string[]]>([
    ['-1.a', ['NegativeMember 1']],
    ['-12["a"]', ['NegativeMember 1']],
    ['--1.a', ['NegativeMember 2']],
    ['!-1.a', ['NegativeMember 2']],
    ['- /* x */ 1 // y\n\t\r ["a"]', ['NegativeMember 10']],
    ['2 - -1.a', ['NegativeMember 5']],
    ['if -1.a then -2.a else 3', ['NegativeMember 4']],
    ['if true then -1.a else 3', ['NegativeMember 14']],
    ['if true then 3 else -1.a', ['NegativeMember 21']],
    ['1 in -1.a', ['NegativeMember 6']],
    ['1 == -1.a', ['NegativeMember 6']],
    ['1 + -1.a', ['NegativeMember 5']],
    ['(-1.a)', ['NegativeMember 2']],
    ['[-1.a]', ['NegativeMember 2']],
    ['[1, -1.a]', ['NegativeMember 5']],
    [`-1${' '.repeat(1000)}.a`, ['NegativeMember 1']],
  ])('%j is not read', (source, expected) => {
    expect(within(source)).toEqual(expected);
  });

  it.each([
    '-1',
    '1.a',
    '-!1.a',
    '(-1).a',
    '-1 == 1.a',
    '-1 == context.a',
    '-context.a',
    '2 - 1.a',
    '20 - 1.a',
    '(2) - 1.a',
    '[2] - 1.a',
    '{} - 1.a',
    '"a" - 1.a',
    'context.x - 1.a',
    'context.x1 - 1.a',
    'context.iff - 1.a',
    '1 } when { 1.a',
  ])('%s is', (source) => {
    expect(within(source)).toEqual([]);
  });

  it('behind the policy is dropped like the rest', () => {
    expect(faults('x; -1.a')).toEqual([]);
  });

  it('counts from the start of the text', () => {
    expect([faults('-1.a'), faults('1.a')]).toEqual([['NegativeMember 1'], []]);
  });
});

describe('how deep and how long a policy may be', () => {
  /** The policy's own braces are one level. */
  const brackets = (open: string, close: string, count: number): string =>
    `${open.repeat(count)}x${close.repeat(count)}`;

  it.each([
    ['(', ')'],
    ['[', ']'],
    ['{', '}'],
  ])('63 of %s', (open, close) => {
    expect(within(brackets(open, close, 63))).toEqual([]);
    expect(within(brackets(open, close, 64))).toEqual(['TooDeep 63']);
    expect(within(brackets(open, close, 99))).toEqual(['TooDeep 63']);
  });

  it('brackets that are closed again do not count', () => {
    expect(within('(x)'.repeat(200))).toEqual([]);
  });

  it('350 ifs, by themselves and not as parts of words', () => {
    const ifs = (count: number): string => 'if x '.repeat(count);
    expect(within(ifs(350))).toEqual([]);
    expect(within(ifs(351))).toEqual([`TooDeep ${String(350 * 5)}`]);
    expect(within('iff xif _if if_ "if" '.repeat(600))).toEqual([]);
  });

  /** One bracket deep: 30 of the 2,000. */
  it.each([
    ['+', 1970],
    ['-1', 1970],
    ['*', 1970],
    ['.', 1970],
    ['||', 1970],
    ['&&', 1970],
  ])('of %s as many as %d', (operator, most) => {
    expect(within(`${operator} `.repeat(most))).toEqual([]);
    expect(within(`${operator} `.repeat(most + 1))).toHaveLength(1);
    expect(within(`${operator} `.repeat(most + 500))[0]).toMatch(/^TooLong /);
  });

  it('of lists one after the other', () => {
    // Two brackets deep at most, and each list counts for itself, too.
    expect(within('[]'.repeat(1940))).toEqual([]);
    expect(within('[]'.repeat(1941))).toHaveLength(1);
  });

  it('all of it together', () => {
    // 30 for the braces, 10 * 30 for brackets, 100 * 5 for ifs: 1,170 are left.
    const some = (operators: number): string =>
      `${brackets('(', ')', 10)}${'if x '.repeat(100)}${'+ '.repeat(operators)}`;
    expect(within(some(1170))).toEqual([]);
    expect(within(some(1171))).toHaveLength(1);
  });

  it('counts what is behind the policy for nothing', () => {
    expect(faults(`x; ${'('.repeat(100)}${'+'.repeat(5000)}${'if '.repeat(600)}`)).toEqual([]);
  });

  it('tells each reason once', () => {
    const { source } = when(`${'('.repeat(99)}${')'.repeat(99)}${'('.repeat(99)}`);
    expect(scanPolicy(source).faults.map(({ reason }: ScanFault) => reason)).toEqual(['TooDeep']);
    expect(within(`${'+ '.repeat(4000)}${'('.repeat(99)}`).map((fault) => fault.split(' ')[0])).toEqual([
      'TooLong',
      'TooDeep',
    ]);
  });
});
