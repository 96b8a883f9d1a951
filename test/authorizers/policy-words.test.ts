/** What is said of one policy that does not load, and what the module is given of one that does. */
import { createCedar } from '../../src/authorizers/cedar.ts';
import { evaluable, parseable, parseProblem, preparePolicy } from '../../src/authorizers/policy.ts';

const cedar = createCedar();
const HEAD = 'permit(principal, action, resource)';
const PATH = 'spec.config.policies[3]';
const SHA256 = /^[0-9a-f]{64}$/;

interface Told {
  readonly path: string;
  readonly reason: string;
  readonly message: string;
  readonly detail?: string;
  readonly subject?: string;
}

const told = ({ path, reason, message, detail, subject }: Told): readonly (string | undefined)[] => {
  expect(path).toBe(PATH);
  expect(subject).toMatch(SHA256);
  return [reason, message, detail];
};

describe('without asking the module', () => {
  it.each<[string, string, string, string | undefined]>([
    ['', 'PolicyEmpty', 'The policy is empty. Write one, or remove the list item.', undefined],
    [' \n', 'PolicyEmpty', 'The policy is empty. Write one, or remove the list item.', undefined],
    ['// x', 'PolicyEmpty', 'The policy is only a comment. Write one, or remove the list item.', undefined],
    [
      '"',
      'PolicyUnterminatedString',
      'line 1, column 1: The policy has a string that does not end. Close it with a double quote.',
      '"\n^',
    ],
    [
      'x "a\nb" + "c"',
      'PolicyLineBreakInString',
      'line 1, column 3: The policy has a line break inside a string, which the proxy does not read. Write \\n.',
      'x "a\n  ^',
    ],
    [
      `/* ${HEAD};`,
      'PolicyUnterminatedComment',
      'line 1, column 1: The policy has a comment that does not end. Close it with */.',
      `/* ${HEAD};\n^`,
    ],
    [
      'permit(principal,\u00a0action, resource);',
      'PolicyStrangeSpace',
      'line 1, column 18: The policy has a space character that the proxy does not read (a no-break space, perhaps). Replace it with a plain space.',
      `permit(principal,\u00a0action, resource);\n${' '.repeat(17)}^`,
    ],
    [
      'permit(principal == Client::"\ud800", action, resource);',
      'PolicyStrangeCharacter',
      'line 1, column 30: The policy has a character that the proxy does not read: NUL, or in a string U+FFFD or _ in an escape. Write \\u{fffd}, \\0, no _.',
      `permit(principal == Client::"\ufffd", action, resource);\n${' '.repeat(29)}^`,
    ],
    [
      '('.repeat(65),
      'PolicyTooDeep',
      'line 1, column 65: The policy nests deeper than 64 levels, which is the limit of this check; the proxy may take more. Simplify it.',
      `${'('.repeat(65)}\n${' '.repeat(64)}^`,
    ],
    [
      `${'+\n'.repeat(2000)}+`,
      'PolicyTooLong',
      'line 2001, column 1: The policy chains more operators than this check can take (about 2,000); the proxy may take more. Split it, or list entities with "in".',
      '+\n^',
    ],
    [
      `${HEAD}; x`,
      'PolicyTrailingText',
      'line 1, column 38: The string holds text after its policy: ToolHive loads only the first and silently drops the rest, a forbid among it. Give each policy a list item of its own.',
      `${HEAD}; x\n${' '.repeat(37)}^`,
    ],
    [
      `${HEAD}; x permit`,
      'PolicyTrailingText',
      'line 1, column 38: The string holds text after its policy: ToolHive loads only the first and silently drops the rest, a forbid among it. Give each policy a list item of its own.',
      `${HEAD}; x permit\n${' '.repeat(37)}^`,
    ],
    ...['permit', 'forbid', '@id("x")'].map((start): [string, string, string, string] => [
      `${HEAD};\n  ${start}`,
      'PolicySeveral',
      'line 2, column 3: The string holds more than one policy: ToolHive loads only the first and silently drops the rest, a forbid among it. Give each policy a list item of its own.',
      `  ${start}\n  ^`,
    ]),
  ])('%.40j', (source, reason, message, detail) => {
    const [first] = preparePolicy(source, PATH).problems;
    expect(first === undefined ? [] : told(first)).toEqual([reason, message, detail]);
  });

  it('one of many faults is one of many problems', () => {
    const problems = preparePolicy('x; y "a\nb', PATH).problems.map(({ reason }) => reason);
    expect(problems).toEqual(['PolicyLineBreakInString', 'PolicyTrailingText']);
    expect(preparePolicy('/* x', PATH).problems.map(({ reason }) => reason)).toEqual(['PolicyUnterminatedComment']);
  });

  it('a problem is of its text, wherever that stands', () => {
    const [here, there, other] = [
      preparePolicy('x; y', 'a'),
      preparePolicy('x; y', 'b'),
      preparePolicy('x; z', 'a'),
    ].map(({ problems }) => problems[0]?.subject);
    expect([here === there, here === other]).toEqual([true, false]);
  });
});

describe('by the module', () => {
  const at = (column: number, sentence: string): string => `line 1, column ${String(column)}: ${sentence}`;
  it.each<[string, string]>([
    ['allow(principal, action, resource);', at(1, 'invalid policy effect: allow (did you mean permit?)')],
    ['deny(principal, action, resource);', at(1, 'invalid policy effect: deny (did you mean forbid?)')],
    ['permt(principal, action, resource);', at(1, 'invalid policy effect: permt (did you mean `permit`?)')],
    [
      'zzz(principal, action, resource);',
      at(1, 'invalid policy effect: zzz (effect must be either `permit` or `forbid`)'),
    ],
    [`${HEAD} wen { true };`, at(37, 'invalid policy condition: wen (did you mean `when`?)')],
    [`${HEAD} unles { true };`, at(37, 'invalid policy condition: unles (did you mean `unless`?)')],
    [`${HEAD} zzz { true };`, at(37, 'invalid policy condition: zzz (condition must be either `when` or `unless`)')],
    [
      `${HEAD} when { context.a.startsWith("x") };`,
      at(44, '`startsWith` is not a valid method (did you mean like "prefix*"?)'),
    ],
    [
      `${HEAD} when { context.a.endsWith("x") };`,
      at(44, '`endsWith` is not a valid method (did you mean like "*suffix"?)'),
    ],
    [`${HEAD} when { context.a.matches("x") };`, at(44, '`matches` is not a valid method (did you mean like?)')],
    [
      `${HEAD} when { context.a.containsany([1]) };`,
      at(44, '`containsany` is not a valid method (did you mean `containsAny`?)'),
    ],
    [`${HEAD} when { context.a.zzz() };`, at(44, '`zzz` is not a valid method')],
    [`${HEAD} when { decimall("1.0") };`, at(44, '`decimall` is not a valid function (did you mean decimal?)')],
    [`${HEAD} when { datetimes("x") };`, at(44, '`datetimes` is not a valid function (did you mean datetime?)')],
    [
      `${HEAD} when { contains("1.0") };`,
      at(44, '`contains` is a method, not a function (use a method-style call `e.contains(..)`)'),
    ],
    [HEAD, at(36, 'unexpected end of input; expected `;` or identifier')],
    [`${HEAD} when { 1 = 2 };`, at(44, "'=' is not a valid operator in Cedar (try using '==' instead)")],
    [`${HEAD} when { context.é };`, at(52, 'invalid token')],
    [`/* é😀 */ ${HEAD} when { 1 = 2 };`, at(53, "'=' is not a valid operator in Cedar (try using '==' instead)")],
  ])('%s', (source, message) => {
    const prepared = preparePolicy(source, PATH);
    expect(prepared.problems).toEqual([]);
    const problem = parseProblem(prepared, cedar);
    expect(problem === undefined ? [] : told(problem).slice(0, 2)).toEqual(['PolicySyntax', message]);
    expect(parseable(prepared, cedar)).toBeUndefined();
    expect(evaluable(prepared, cedar)).toEqual({ problem });
  });

  it('shows where', () => {
    const problem = parseProblem(preparePolicy(`${HEAD}\n  when { 1 = 2 };`, PATH), cedar);
    expect(problem?.detail).toBe('  when { 1 = 2 };\n         ^');
  });

  it('is not asked where it must not be', () => {
    const never = {
      ...cedar,
      parse: () => {
        throw new Error('asked');
      },
    };
    for (const source of ['', '// x', '"', `${HEAD} when { ${'('.repeat(99)} };`]) {
      const prepared = preparePolicy(source, PATH);
      expect(prepared.text).toBeUndefined();
      expect(parseProblem(prepared, never)).toBeUndefined();
      expect(parseable(prepared, never)).toBeUndefined();
      expect(evaluable(prepared, never)).toHaveProperty('problem');
    }
  });

  it.each(['"', `${HEAD} when { ${'('.repeat(99)} };`])('%.40j cannot be run for what is wrong with it', (source) => {
    const prepared = preparePolicy(source, PATH);
    expect(prepared.problems).toHaveLength(1);
    expect(evaluable(prepared, cedar)).toEqual({ problem: prepared.problems[0] });
  });
});

describe('the text that is looked at, and the text that is run', () => {
  it.each<[string, string, string]>([
    [`${HEAD}; x`, `${HEAD};`, `${HEAD};`],
    [
      'permit(principal, action == Foo::"a", resource);',
      'permit(principal, action == Action::"a", resource);',
      'permit(principal, action == Foo::Action::"a", resource);',
    ],
    [
      'permit(principal, action in [Foo::"a::\\"b", A :: B::"c", Action::"d"], resource == Tool::"Foo::x");',
      'permit(principal, action in [Action::"a::\\"b", Action::"c", Action::"d"], resource == Tool::"Foo::x");',
      'permit(principal, action in [Foo::Action::"a::\\"b", A :: B::Action::"c", Action::"d"], resource == Tool::"Foo::x");',
    ],
    [
      'permit(principal, action in [ // Foo::"x"\n Foo::"a"], resource);',
      'permit(principal, action in [            \n Action::"a"], resource);',
      'permit(principal, action in [            \n Foo::Action::"a"], resource);',
    ],
    [
      'permit(principal, action == A::Action::"x", resource);',
      'permit(principal, action == A::Action::"x", resource);',
      'permit(principal, action == A::Action::"x", resource);',
    ],
    [
      'permit(principal, action == Actions::"a", resource);',
      'permit(principal, action == Action::"a", resource);',
      'permit(principal, action == Actions::Action::"a", resource);',
    ],
    [
      'permit(principal, action == MyAction::"x", resource);',
      'permit(principal, action == Action::"x", resource);',
      'permit(principal, action == MyAction::Action::"x", resource);',
    ],
    [
      '/* é😀 */ permit(principal, action == Foo /* x */ :: "a", resource);',
      '          permit(principal, action == Action::"a", resource);',
      '          permit(principal, action == Foo::Action::"a", resource);',
    ],
    [
      `${HEAD} when { context.a == "a\rb\\"\r" } // "\r\n;`,
      `${HEAD} when { context.a == "a\\rb\\"\\r" }      \n;`,
      `${HEAD} when { context.a == "a\\rb\\"\\r" }      \n;`,
    ],
  ])('%s', (source, looked, run) => {
    const prepared = preparePolicy(source, PATH);
    expect(parseable(prepared, cedar)).toBe(looked);
    expect(evaluable(prepared, cedar)).toEqual({ text: run });
    expect(parseProblem(prepared, cedar)).toBeUndefined();
  });

  it('gives up on an action that stays foreign', () => {
    let asked = 0;
    const stubborn = {
      ...cedar,
      parse: () => {
        asked += 1;
        const message = 'expected an entity uid with type `Action` but got `Foo`';
        return { message, help: undefined, label: undefined, start: 0, end: 0 };
      },
    };
    const prepared = preparePolicy('permit(principal, action == Foo::"a", resource);', PATH);
    expect(parseProblem(prepared, stubborn)).toBeUndefined();
    expect(asked).toBe(4);
    expect(evaluable(prepared, stubborn)).toEqual({
      problem: {
        path: PATH,
        reason: 'PolicyUnread',
        message: 'The policy is empty, or its action is not understood.',
      },
    });
  });
});
