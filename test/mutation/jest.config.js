// As the configuration of the project, but for the tests of one group only.
import { group } from './groups.js';

export default {
  rootDir: '../..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/scripts/jest-strip-types.cjs' },
  testMatch: group.tests.map((pattern) => `<rootDir>/${pattern}`),
};
