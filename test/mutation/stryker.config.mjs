// Run by scripts/mutation.mjs, a group at a time.
import { GROUPS } from './groups.ts';

const name = process.env.MUTATION_GROUP;

export default {
  testRunner: 'jest',
  plugins: [import.meta.resolve('@stryker-mutator/jest-runner')],
  jest: { projectType: 'custom', configFile: 'test/mutation/jest.config.js' },
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  coverageAnalysis: 'perTest',
  // Milliseconds: a program that others keep from running is not one that no longer ends.
  timeoutMS: 15_000,
  mutate: GROUPS[name].mutate,
  // What is computed once when a module is loaded: every mutant of it would meet every test.
  ignoreStatic: true,
  incremental: true,
  incrementalFile: `reports/mutation/${name}.incremental.json`,
  concurrency: 1,
  reporters: ['clear-text', 'json', 'html', 'progress-append-only'],
  jsonReporter: { fileName: `reports/mutation/${name}.json` },
  htmlReporter: { fileName: `reports/mutation/${name}.html` },
};
