// Sources are TypeScript in ES modules with their real `.ts` names, so that Node, the compiler and jest resolve
// the same paths; the transform only strips the types.
const shared = {
  testEnvironment: 'node',
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
  collectCoverageFrom: ['src/**/*.ts'],
  coverageProvider: 'v8',
};
