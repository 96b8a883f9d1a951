/** Attributes as the validator names them, and what is to be asked before each is read. */
import { asksFor, guardOf, pathInWords, unguardedPath } from '../../src/authorizers/attribute-path.ts';

it.each<[string, string, string]>([
  ['claim_a', 'claim_a', 'principal has claim_a'],
  ['claim_a.b.c', 'claim_a.b.c', 'principal has claim_a.b.c'],
  ['["claim a"]', 'claim a', 'principal has "claim a"'],
  ['["claim_a.b"]', 'claim_a.b', 'principal has "claim_a.b"'],
  ['["claim_\\"a"]', 'claim_\\"a', 'principal has "claim_\\"a"'],
  ['claim_a["b c"]', 'claim_a["b c"]', 'principal.claim_a has "b c"'],
  ['claim_a["b.c"]', 'claim_a["b.c"]', 'principal.claim_a has "b.c"'],
  ['["claim a"].b', '["claim a"].b', 'principal["claim a"] has b'],
  ['["claim a"]["b"]', '["claim a"]["b"]', 'principal["claim a"] has "b"'],
  ['claim_a["b c"].d', 'claim_a["b c"].d', 'principal.claim_a["b c"] has d'],
])('%s', (path, words, guard) => {
  expect([pathInWords(path), guardOf('principal', path)]).toEqual([words, guard]);
});

it.each<[string, string | undefined]>([
  ['unable to guarantee safety of access to optional attribute `a.b` on entity type `Client`', 'a.b'],
  ['unable to guarantee safety of access to optional attribute `["a`b"]` in context for Action::"x"', '["a`b"]'],
  ['unable to guarantee safety of access to optional attribute `a`', 'a'],
  ['attribute `a` on entity type `Client` not found', undefined],
])('%s', (message, path) => {
  expect(unguardedPath(message)).toBe(path);
});

it.each<[string, string, boolean]>([
  ['claim_a', 'claim_a', true],
  ['claim_a', 'claim_b', false],
  ['claim_a', 'claim', false],
  ['claim_a.b', 'claim_a.b', true],
  ['claim_a.b', 'claim_a', true],
  ['claim_a', 'claim_a.b', false],
  ['"claim a"', '["claim a"]', true],
  ['"claim a"', '["claim b"]', false],
])('whoever asks for %s asks for %s: %s', (asked, path, expected) => {
  expect(asksFor(asked, path)).toBe(expected);
});
