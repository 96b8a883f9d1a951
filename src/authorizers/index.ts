/** What the rest of the project uses of the authorizers. */
export { analyze } from './analyze.ts';
export { createCedar } from './cedar.ts';
export { createDecider, type Decider, type Undecidable } from './decider.ts';
export type { Decide, Decision, DecisionRequest } from './decision.ts';
export { createIsolatedAnalyzer } from './isolated-analyzer.ts';
export { pdpRequest, type PdpRequest } from './pdp-request.ts';
