import type { DecisionRequest } from '../../src/authorizers/decision.ts';

/** Alice asks for the weather, without arguments. */
export const CALL: DecisionRequest = {
  claims: { sub: 'alice' },
  feature: 'tool',
  operation: 'call',
  id: 'weather',
  args: undefined,
  server: 'srv',
};
