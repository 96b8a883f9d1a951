// Sources are TypeScript in ES modules with their real `.ts` names, so that Node, the compiler and jest resolve
// the same paths; the transform only strips the types.
const shared = {
  testEnvironment: 'node',
  // What mutation testing copies (test/mutation).
  modulePathIgnorePatterns: ['<rootDir>/.stryker-tmp/'],
  extensionsToTreatAsEsm: ['.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/timeout.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/scripts/jest-strip-types.cjs' },
};

export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        ...['e2e', 'contract', 'output', 'torture'].map((name) => `<rootDir>/test/${name}/`),
      ],
    },
    { ...shared, displayName: 'contract', testMatch: ['<rootDir>/test/contract/**/*.test.ts'] },
    { ...shared, displayName: 'torture', testMatch: ['<rootDir>/test/torture/**/*.test.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
      globalSetup: '<rootDir>/test/e2e/global-setup.ts',
      globalTeardown: '<rootDir>/test/e2e/global-teardown.ts',
      setupFilesAfterEnv: ['<rootDir>/test/e2e/timeout.ts'],
    },
    // Searches what a whole run of the one above has left; scripts/test.mjs says where that is.
    { ...shared, displayName: 'output', testMatch: ['<rootDir>/test/output/**/*.test.ts'] },
  ],
  // Every line that decides about somebody's request is run by a test of its own folder (npm run coverage; npm test).
  collectCoverageFrom: [
    'src/{rules,authorizers,engine}/**/*.ts',
    '!src/**/*.d.ts',
    // Runs in threads, which jest does not see into; test/authorizers/isolated-analyzer.test.ts measures it by itself.
    '!src/authorizers/analyzer-{worker,tests}.ts',
  ],
  coverageReporters: [['text', { skipFull: true }], 'html'],
  coverageThreshold: { global: { lines: 100, statements: 100 } },
};
