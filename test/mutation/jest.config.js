// As the configuration of the project, but for the tests of one group only.
import { GROUPS } from './groups.ts';

export default {
  rootDir: '../..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/timeout.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/scripts/jest-strip-types.cjs' },
  testMatch: GROUPS[process.env.MUTATION_GROUP].tests.map((pattern) => `<rootDir>/${pattern}`),
};
