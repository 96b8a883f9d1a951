// The tests that a mutant meets: those of its own folder that need no thread, no socket and no luck.
import { folder } from './folder.js';

export default {
  rootDir: '../..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/scripts/jest-strip-types.cjs' },
  testMatch: [`<rootDir>/test/${folder}/**/*.test.ts`],
  testPathIgnorePatterns: ['/node_modules/', 'hostile', '-properties', 'decide-vectors', 'isolated-analyzer'],
};
