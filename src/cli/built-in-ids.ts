import { MUTATORS } from '../injection/index.ts';
import { DEFAULT_POLICY } from '../rules/contract.ts';
import { createRules } from '../rules/index.ts';
import { createOfflineRules } from '../rules/offline.ts';

/** Names that no custom rule may have: a message ends in the id of the rule that made it. */
export const BUILT_IN_IDS: readonly string[] = [
  ...createRules(DEFAULT_POLICY),
  ...createOfflineRules(),
  ...MUTATORS,
].map(({ id }) => id);
