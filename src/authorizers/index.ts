export type { Analysis, AuthorizerSpec, Problem, Rendering } from './analysis.ts';
export { analyze } from './analyze.ts';
export { createCedar, type Cedar } from './cedar.ts';
export { createIsolatedAnalyzer, type IsolatedAnalyzer } from './isolated-analyzer.ts';
