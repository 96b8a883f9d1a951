/**
 * What is mutated together, and the tests that those mutants meet. Jest loads every test file of the group for every
 * mutant, so a group is small, and only tests that need no thread, no socket and no luck are in one.
 */
const authorizers = (sources, tests) => ({
  mutate: [`src/authorizers/{${sources.join(',')}}.ts`],
  tests: [`test/authorizers/{${tests.join(',')}}.test.ts`],
});

const GROUPS = {
  engine: { mutate: ['src/engine/**/*.ts'], tests: ['test/engine/*.test.ts'] },
  // Without the fixtures, which load the Cedar module for every mutant.
  rules: { mutate: ['src/rules/**/*.ts'], tests: ['test/rules/!(fixtures).test.ts'] },
  'authorizers-values': authorizers(
    [
      'cedar-checks',
      'cedar-expression',
      'cedar-extension-calls',
      'cedar-hierarchy',
      'cedar-value',
      'depth',
      'entities',
      'extension-literal',
      'like-pattern',
    ],
    ['cedar-expression', 'entities', 'extension-literal', 'like-pattern'],
  ),
  'authorizers-configs': authorizers(
    ['analysis-cache', 'canonical-json', 'config-hash', 'go-json', 'go-url', 'httpv1', 'misspelt-keys', 'pdp-request'],
    ['analysis-cache', 'config-hash', 'go-json', 'go-url', 'httpv1', 'pdp-request'],
  ),
  'authorizers-requests': authorizers(
    ['cedar-options', 'cedar-request', 'describe-decision'],
    ['cedar-request', 'describe-decision'],
  ),
  'authorizers-text': authorizers(
    ['policy-scan', 'policy-tree', 'text-frame'],
    ['policy-scan', 'policy-tree', 'text-frame'],
  ),
  'authorizers-policies': authorizers(['cedar', 'policy'], ['policies', 'policy-words']),
  'authorizers-lint': authorizers(
    ['attribute-types', 'cedar-lint', 'cedar-schema', 'lint-messages'],
    ['cedar-lint', 'cedar-schema', 'lint-messages'],
  ),
  'authorizers-decisions': authorizers(
    [
      'analyze',
      'cedar-decide',
      'cedar-policy',
      'cedarv1',
      'decider',
      'mentioned-entities',
      'policy-compiler',
      'registry',
    ],
    ['analyze', 'cedarv1', 'decide', 'decider', 'mentioned-entities'],
  ),
};

/** All of them, for scripts/mutation.mjs. */
export const names = Object.keys(GROUPS);

/** The one that is run. */
export const name = process.env.MUTATION_GROUP ?? 'engine';

export const group = GROUPS[name];
