import type { Problem } from '../../src/authorizers/analysis.ts';
import { analyze } from '../../src/authorizers/analyze.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { problemsNote } from '../../src/reconcile/problem-notes.ts';

const MORE = "(the config's condition says more)";
const PERMIT = 'permit(principal, action, resource);';

function problemsOf(type: string, config: object): readonly Problem[] {
  return analyze({ type, config }, createCedar()).problems;
}

const cedar = (...policies: readonly string[]): readonly Problem[] => problemsOf('cedarv1', { policies });
const http = (url: string, mapping = 'standard'): readonly Problem[] =>
  problemsOf('httpv1', { http: { url }, claim_mapping: mapping });

it.each<[string, readonly Problem[], string]>([
  ['no policy', problemsOf('cedarv1', {}), 'at least one policy is required for Cedar authorization'],
  [
    'two in one string',
    cedar(`${PERMIT} ${PERMIT.replace('principal', 'principal == User::"secret"')}`),
    'spec.config.policies[0]: line 1, column 38: The string holds more than one policy: ToolHive loads only the first ' +
      'and silently drops the rest, a forbid among it. Give each policy a list item of its own.',
  ],
  [
    'a word that is no variable',
    cedar(PERMIT.replace(';', ' when { secret };')),
    `spec.config.policies[0]: line 1, column 44: PolicySyntax ${MORE}`,
  ],
  ['a word that is no effect', cedar('secret(a);'), `spec.config.policies[0]: line 1, column 1: PolicySyntax ${MORE}`],
  [
    'an entity with a value that cannot be',
    problemsOf('cedarv1', {
      policies: [PERMIT],
      entities_json: '[{"uid":{"type":"A","id":"b"},"attrs":{"secret":{"__extn":{"fn":"decimal","arg":"secret"}}}}]',
    }),
    `spec.config.entities_json: EntitiesInvalid ${MORE}`,
  ],
  [
    'a group type that is no name',
    problemsOf('cedarv1', { policies: [PERMIT], group_entity_type: 'secret in' }),
    `spec.config.group_entity_type: GroupTypeInvalid ${MORE}`,
  ],
  ['a URL whose port is none', http('http://pdp:secret'), `spec.config.http.url: UrlInvalid ${MORE}`],
  [
    'a claim mapping that is none',
    http('http://pdp:9000', 'secret'),
    `spec.config.claim_mapping: ClaimMappingInvalid ${MORE}`,
  ],
])('%s is told without a quotation', (_title, problems, told) => {
  const note = problemsNote(problems);
  expect(note).toBe(`spec validation failed: ${told}`);
  expect(note).not.toContain('secret');
});
