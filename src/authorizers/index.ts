/** What the rest of the project uses of the authorizers. */
export { analyze } from './analyze.ts';
export { createCedar } from './cedar.ts';
export { createDecider, type Decider } from './decider.ts';
export type { AuthorizerSpec } from './analysis.ts';
export type { Decide, Decision, DecisionRequest } from './decision.ts';
export { describeDecision, policyLine, policyTexts, upstreamProvider } from './describe-decision.ts';
export { createIsolatedAnalyzer, type IsolatedAnalyzer } from './isolated-analyzer.ts';
export { mentionedEntities } from './mentioned-entities.ts';
export { pdpRequest, type PdpRequest } from './pdp-request.ts';
