import { suggest } from '../../src/api/suggest.ts';

it.each([
  ['polices', 'policies'],
  ['Policies', 'policies'],
  ['groupClaimName', 'group_claim_name'],
  ['entities-json', 'entities_json'],
  ['entitesJson', 'entities_json'],
  ['somethingElse', undefined],
  ['', undefined],
  ['x'.repeat(10_000), undefined],
])('%s is probably %s', (word, meant) => {
  expect(suggest(word, ['policies', 'entities_json', 'group_claim_name'])).toBe(meant);
});
