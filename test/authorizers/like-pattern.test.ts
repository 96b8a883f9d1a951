import { likePattern } from '../../src/authorizers/like-pattern.ts';

/** `*` is any text; anything else stands for itself, a character a part as the Cedar module writes it. */
function pattern(text: string): readonly unknown[] {
  return Array.from(text, (character) => (character === '*' ? 'Wildcard' : { Literal: character }));
}

it.each([
  ['abc', ['abc'], ['', 'ab', 'abcd', 'xabc']],
  ['', [''], ['a']],
  ['*', ['', 'a', '*'], []],
  ['a*', ['a', 'ab'], ['', 'ba']],
  ['*a', ['a', 'ba'], ['', 'ab']],
  ['a*a', ['aa', 'aba'], ['a', 'ab', 'ba']],
  ['a*b*c', ['abc', 'axbxc', 'abbc'], ['ac', 'acb', 'bac', 'abx']],
  ['ab*ba', ['abba', 'abxba'], ['aba', 'ab', 'ba']],
  ['a*bc*cd', ['abccd', 'abcxcd'], ['abcd']],
  ['a**b', ['ab', 'axb'], ['a', 'b']],
  ['x*aa*aa*y', ['xaaaay'], ['xaaay']],
])('%s', (text, matching, others) => {
  const matches = likePattern(pattern(text));
  expect(matching.filter(matches)).toEqual(matching);
  expect(others.filter(matches)).toEqual([]);
});

it('takes what it does not know for nothing', () => {
  expect(likePattern(undefined)('')).toBe(true);
  expect(likePattern([{ Literal: 'a' }, { Unknown: 'b' }])('a')).toBe(true);
});
