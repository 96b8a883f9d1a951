/** What cedar-go 1.8 reads and the Cedar module does not, and the other way round; each line was tried with both. */
import { analyze } from '../../src/authorizers/analyze.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { cedarv1 } from '../../src/authorizers/cedarv1.ts';

const cedar = createCedar();

function problems(policy: string): readonly string[] {
  return cedarv1.validate({ policies: [policy] }, cedar).map(({ reason }) => reason);
}

const when = (condition: string): string => `permit(principal, action, resource) when { ${condition} };`;

describe('a policy', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'may list actions of other types',
      'permit(principal, action in [Foo::"a", Action::"b", A::B::"c"], resource);',
      [],
    ],
    [
      'may hold :: and quotes in the names of actions',
      'permit(principal, action in [Foo::"x::\\"y", Foo::"Bar::"], resource);',
      [],
    ],
    ['may hold a carriage return in a string', when('context.a == "a\rb"'), []],
    ['may end its lines with one', 'permit(principal,\r\naction,\r\nresource);\r\n', []],
    ['may not hold U+FFFD in a string', when('context.a == "\ufffd"'), ['PolicyStrangeCharacter']],
    ['nor half a surrogate pair', when('context.a == "\ud800"'), ['PolicyStrangeCharacter']],
    ['but may hold its escape', when('context.a == "\\u{fffd}"'), []],
    ['may not hold NUL in a string', when('context.a == "\0"'), ['PolicyStrangeCharacter']],
    ['nor _ in an escape', when('context.a == "\\u{4_1}"'), ['PolicyStrangeCharacter']],
    ['but what looks like one behind an escaped backslash', when('context.a == "\\\\u{4_1}"'), []],
    ['may chain 1,900 operators', when(`true${' || true'.repeat(1900)}`), []],
    ['but no 4,000', when(`true${' || true'.repeat(4000)}`), ['PolicyTooLong']],
    ['nor 4,000 attributes', when(`context${'.a'.repeat(4000)}`), ['PolicyTooLong']],
    [
      'nor fewer of them inside many brackets and ifs',
      when('('.repeat(40) + 'if true then true else '.repeat(300) + `true${'&&true'.repeat(800)}` + ')'.repeat(40)),
      ['PolicyTooLong'],
    ],
    ['may be one of many conditions', `permit(principal, action, resource)${' when { true }'.repeat(3000)};`, []],
  ])('%s', (_sentence, policy, expected) => {
    expect(problems(policy)).toEqual(expected);
  });

  it.each([
    ['alternatives', `resource == Tool::"x"${' || resource == Tool::"x"'.repeat(1900)}`],
    ['attributes', `context${'.arg_a'.repeat(1900)}`],
  ])('of 1,900 %s is looked at, though the validator could not take it', (_what, condition) => {
    const { problems: found } = analyze({ type: 'cedarv1', config: { policies: [when(condition)] } }, cedar);
    expect(found).toEqual([]);
  });

  it('leaves the module in order, whatever it was', () => {
    expect(problems(when('true'))).toEqual([]);
  });
});
