/** What an expression may cost: by its shape when it is compiled, by its steps when it runs. */
import { createBudget } from '../../src/cel/budget.ts';
import { createCelCompiler } from '../../src/cel/compile.ts';
import { cel, celFault, fault } from './support.ts';

const EXHAUSTED = 'cost 1:1 evaluation needs more than 1000000 steps on this object';

describe('the gate', () => {
  const chain = (length: number): string => `[1]${'.map(x, x)'.repeat(length)}`;
  it.each([
    ['comprehensions two deep', '[1].all(a, [1].all(b, a == b))', true],
    ['three deep', '[1].all(a, [1].all(b, [1].all(c, true)))', 'cost 1:23 comprehensions are nested more than 2 deep'],
    ['eight in a row', `${chain(8)} == [1]`, true],
    ['nine in a row', chain(9), 'cost 1:1 more than 8 comprehensions are chained'],
    [
      'nine with fields between them',
      `[{"a": [1]}]${'.filter(x, true)'.repeat(8)}[0].a.map(x, x)`,
      'cost 1:1 more than 8 comprehensions are chained',
    ],
    ['a range is not inside', '[1].map(x, x).all(a, [1].map(x, x).all(b, true))', true],
  ])('%s', (_title, source, expected) => {
    expect(fault(source)).toBe(expected);
  });

  it.each([
    ['16 KiB of text', ' '.repeat(16 * 1024 - 4) + 'true', true],
    ['more', ' '.repeat(16 * 1024 - 3) + 'true', 'cost 1:1 the expression has 16385 bytes; at most 16384 are allowed'],
    [
      'text counted in bytes',
      `"${'é'.repeat(8 * 1024)}"`,
      'cost 1:1 the expression has 16386 bytes; at most 16384 are allowed',
    ],
  ])('%s', (_title, source, expected) => {
    expect(fault(source)).toBe(expected);
  });

  it.each([
    ['brackets', '('.repeat(5000) + ')'.repeat(5000)],
    ['lists', '['.repeat(5000) + ']'.repeat(5000)],
    ['negations', `${'!'.repeat(15_000)}true`],
    ['minus signs', `${'-'.repeat(15_000)}1`],
    ['conjunctions', `${'true && '.repeat(1900)}true`],
    ['sums', `${'1+'.repeat(8000)}1`],
    ['fields', `object${'.a'.repeat(8000)}`],
    ['conditions', `${'true?1:'.repeat(2000)}1`],
  ])('a pile of %s neither overflows the stack nor gets through', (_title, source) => {
    expect(fault(source)).toMatch(/^(parse|cost|check) \d+:\d+ /);
  });
});

describe('the budget', () => {
  const object = {
    list: Array.from({ length: 2000 }, (_, i) => i),
    text: 'x'.repeat(100_000),
    emoji: `${'x'.repeat(100_000)}😀`,
    query: `/?${'a=b&'.repeat(200_000)}`,
    mixed: 'aB'.repeat(50_000),
    big: { a: Array.from({ length: 50_000 }, (_, i) => i) },
  };
  it.each([
    ['nested comprehensions over long lists', 'object.list.all(a, object.list.all(b, a + b >= 0))'],
    ['a text that doubles', `object.text${'.split("").map(x, x + x).join("")'.repeat(7)}.size() > 0`],
    ['a list that doubles', `${'object.list + '.repeat(400)}[1] == [1]`],
    [
      'bindings that double',
      'cel.bind(a, object.text + object.text, cel.bind(b, a + a, cel.bind(c, b + b, cel.bind(d, c + c, cel.bind(e, d + d, cel.bind(f, e + e, cel.bind(g, f + f, g + g != ""))))))) && object.list.all(x, object.text + object.text != "")',
    ],
    ['replacements that grow', 'object.text.replace("x", object.text).size() > 0'],
    ['a long needle in a long haystack, often', 'object.list.all(x, object.text.contains(object.text + "y") == false)'],
    ['maps that are compared again and again', 'object.list.all(x, {"a": object.big} == {"a": object.big})'],
    ['sets of long lists', 'sets.contains(object.big.a, object.big.a)'],
    ['time zones', 'object.list.all(x, timestamp(x).getHours("Europe/Berlin") >= 0)'],
    ['errors that `all` swallows', 'object.list.all(a, object.list.all(b, object.nothing) || true) || true'],
    ['errors behind `||`', 'object.list.exists(a, object.list.exists(b, object.nothing == a) || false) || true'],
    ['the query of a long URL', 'isURL(object.query)'],
    ['parts of a text that is counted in code points', 'object.list.all(x, object.emoji.substring(x) != "")'],
    ['capitals', 'object.list.all(x, object.mixed.lowerAscii() != "")'],
    ['times', 'object.list.all(a, object.list.all(b, duration("1h2m3s") > duration("1s")))'],
    ['a pattern on a long text, often', 'object.list.all(x, object.text.matches("^(x+x+)+y$") == false)'],
  ])('ends %s', (_title, source) => {
    // Of this process: what else the machine does is not the expression's.
    const start = process.cpuUsage();
    expect(fault(source, object)).toBe(EXHAUSTED);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(5000);
  });

  it('is enough for what is ordinary', () => {
    expect(
      cel(
        'object.list.all(a, a >= 0) && object.text.matches("^x+$") && object.list.filter(a, a > 5).size() > 1',
        object,
      ),
    ).toBe(true);
  });

  it('is new for every evaluation, unless it is shared', () => {
    const source = 'object.list.all(a, a >= 0)';
    const values = { object };
    const own = createCelCompiler(['object'], {}).compile(source);
    const budget = createBudget(15_000);
    const shared = createCelCompiler(['object'], { budget }).compile(source);
    for (let round = 0; round < 200; round += 1) {
      expect(own.evaluate(values)).toBe(true);
    }
    expect(shared.evaluate(values)).toBe(true);
    expect(celFault(() => shared.evaluate(values))).toBe(
      'cost 1:1 evaluation needs more than 15000 steps on this object',
    );
    budget.reset();
    expect(shared.evaluate(values)).toBe(true);
  });
});

describe('regular expressions', () => {
  it.each([
    ['(a+)+$', 'a'.repeat(50_000) + 'b'],
    ['^(a|aa)+$', 'a'.repeat(50_000) + 'b'],
    ['(.*)*x', 'a'.repeat(50_000)],
  ])('%s takes linear time', (pattern, text) => {
    const start = performance.now();
    expect(cel('object.text.matches(object.pattern)', { text, pattern })).toBe(false);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it.each([
    [
      '"a".matches("(?=a)")',
      'check 1:13 invalid regular expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
    [
      '"a".matches("(a)\\\\1")',
      'check 1:13 invalid regular expression: error parsing regexp: invalid escape sequence: `\\1`',
    ],
    ['"a".find("[")', 'check 1:10 invalid regular expression: error parsing regexp: missing closing ]: `[`'],
    ['"a".matches("(abc){1000}(abcdefghijklmnopqrstuvwxyz){900}")', 'check 1:13 the regular expression is too large'],
    [`"a".matches("${'a'.repeat(2000)}")`, 'check 1:13 the regular expression is too large'],
    ['"a".matches(object.x)', 'evaluate 1:1 invalid regular expression: error parsing regexp: missing closing ): `(`'],
  ])('%s is refused', (source, expected) => {
    expect(fault(source, { x: '(' })).toBe(expected);
  });
});

it('a duration of many digits is refused at once', () => {
  const start = performance.now();
  expect(fault('duration(object)', '9'.repeat(200_000))).toBe('evaluate 1:1 the text is not a duration');
  expect(performance.now() - start).toBeLessThan(1000);
});
