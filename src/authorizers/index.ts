/** What the rest of the project uses of the authorizers. */
export { analyze } from './analyze.ts';
export { createCedar } from './cedar.ts';
export { createIsolatedAnalyzer } from './isolated-analyzer.ts';
