export { readRuleFiles } from './files.ts';
export { createCustomRuleSource, loadCustomRules } from './source.ts';
