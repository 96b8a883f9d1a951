/** What the rest of the project uses of the authorizers. */
export { analyze } from './analyze.ts';
export { createCedar } from './cedar.ts';
export { createDecider, createPreparedDecider, type Decider, type PreparedDecider } from './decider.ts';
export type { AuthorizerSpec } from './analysis.ts';
export type { Decide, Decision, DecisionRequest } from './decision.ts';
export { describeDecision, policyLine, policyTexts, upstreamProvider } from './describe-decision.ts';
export { ADMISSION_TESTS, createIsolatedAnalyzer, type IsolatedAnalyzer } from './isolated-analyzer.ts';
export { mentionedEntities } from './mentioned-entities.ts';
export { pdpRequest, type PdpRequest } from './pdp-request.ts';
