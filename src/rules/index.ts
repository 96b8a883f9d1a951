/** Every rule, in the order in which they are asked. One line a rule; the order only matters to readers. */
import { advice } from './advice.ts';
import { authzConfig } from './authz-config.ts';
import { cedarLint } from './cedar-lint.ts';
import type { Rule, RulePolicy } from './contract.ts';
import { decisionTestFile } from './decision-test-file.ts';
import { decisionTests } from './decision-tests.ts';
import { deletionProtection } from './deletion-protection.ts';
import { mutualExclusion } from './mutual-exclusion.ts';
import { createReferenceRule } from './reference.ts';
import { usedBy } from './used-by.ts';

export function createRules(policy: RulePolicy): readonly Rule[] {
  return Object.freeze([
    mutualExclusion,
    createReferenceRule(policy),
    advice,
    authzConfig,
    cedarLint,
    usedBy,
    decisionTests,
    decisionTestFile,
    deletionProtection,
  ]);
}
