/**
 * What is mutated together, and the tests that those mutants meet. Jest loads every test file of the group for every
 * mutant, so a group is small, and only tests that need no socket and no luck are in one.
 */
interface Group {
  readonly mutate: readonly string[];
  readonly tests: readonly string[];
}

function authorizers(sources: readonly string[], tests: readonly string[]): Group {
  return {
    mutate: sources.map((name) => `src/authorizers/${name}.ts`),
    tests: tests.map((name) => `test/authorizers/${name}.test.ts`),
  };
}

export const GROUPS: Readonly<Record<string, Group>> = {
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
      'literal-json',
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
  'authorizers-policies': authorizers(['cedar', 'policy'], ['cedar', 'policies', 'policy-words']),
  'authorizers-schema': authorizers(
    ['attribute-path', 'attribute-types', 'cedar-schema', 'lint-messages'],
    ['attribute-path', 'cedar-schema', 'lint-messages'],
  ),
  'authorizers-lint': authorizers(['cedar-lint'], ['cedar-lint']),
  'authorizers-analysis': authorizers(['analyze', 'cedarv1', 'registry'], ['analyze', 'cedar-policy', 'cedarv1']),
  'authorizers-decisions': authorizers(
    ['cedar-decide', 'cedar-policy', 'decider', 'decision', 'mentioned-entities', 'policy-compiler'],
    ['cedar-policy', 'decide', 'decider', 'mentioned-entities', 'policy-compiler'],
  ),
  'authorizers-bounds': authorizers(['bounded-memory', 'fair-queue'], ['bounded-memory', 'fair-queue']),
  // The only one with threads: they tell a change of what starts and replaces them every time.
  'authorizers-isolation': authorizers(
    ['isolated-analyzer', 'analyzer-wasm-code'],
    ['isolated-analyzer', 'analyzer-wasm-code'],
  ),
};

/** In no group, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'src/authorizers/analysis.ts': 'types only',
  'src/authorizers/analyzer-tests.ts': 'runs in a thread, which is not told which mutant is meant',
  'src/authorizers/analyzer-worker.ts': 'runs in a thread, which is not told which mutant is meant',
  'src/authorizers/authorizer.ts': 'types only',
  'src/authorizers/index.ts': 'names what others use',
};
