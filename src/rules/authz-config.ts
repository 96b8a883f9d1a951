/**
 * An MCPAuthzConfig is one that the proxy can load.
 *
 * ToolHive's controller checks the shape and says Valid; the rest fails when the proxy starts (TOOLHIVE gap U1), and a
 * second policy in one string is silently dropped (U2). Here both are refused, every problem at once.
 */
import { authorizerSpecOf } from '../api/toolhive.ts';
import type { Finding, WriteRule } from './contract.ts';
import { CONFIG_WRITE } from './workload-write.ts';

export const authzConfig: WriteRule = {
  id: 'authz-config',
  title: 'An MCPAuthzConfig is one that the proxy can load, completely.',
  on: 'write',
  match: CONFIG_WRITE,
  queries: ({ object }) => [{ ask: 'analysis', spec: authorizerSpecOf(object) }],
  check: ({ object }, world) => {
    const analysis = world.analysis(authorizerSpecOf(object));
    if (analysis.state !== 'present') {
      const why = analysis.state === 'unknown' ? analysis.why : 'there is no answer';
      return [
        {
          level: 'unknown',
          path: 'spec.config',
          reason: 'AnalysisUnknown',
          message: `The authorization config could not be checked: ${why}.`,
        },
      ];
    }
    return analysis.value.problems.map((problem): Finding => ({ ...problem, level: 'deny' }));
  },
};
