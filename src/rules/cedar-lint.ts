/**
 * What an authorization config will do at run time that its author does not expect: policies that never match, that
 * deny everybody without a claim, keys that Go's JSON reader ignores. Warnings, because ToolHive accepts all of it.
 */
import { authorizerSpecOf } from '../api/toolhive.ts';
import type { Finding, WriteRule } from './contract.ts';
import { CONFIG_WRITE } from './workload-write.ts';

export const cedarLint: WriteRule = {
  id: 'cedar-lint',
  title: 'An authorization config does at run time what it says.',
  on: 'write',
  match: CONFIG_WRITE,
  queries: ({ object }) => [{ ask: 'analysis', spec: authorizerSpecOf(object) }],
  check: ({ object }, world) => {
    const analysis = world.analysis(authorizerSpecOf(object));
    // Without an analysis there is no advice; that there is none is told by the rule authz-config.
    return analysis.state === 'present'
      ? analysis.value.advice.map((problem): Finding => ({ ...problem, level: 'warn' }))
      : [];
  },
};
