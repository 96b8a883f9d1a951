/**
 * A workload has its authorization inline or by reference, not both.
 *
 * The same expression and message as in ToolHive's CRDs (spec of MCPServer and MCPRemoteProxy, spec.incomingAuth of
 * VirtualMCPServer), for clusters whose CRDs predate them and for manifests that never met an API server. Where both
 * got past it, ToolHive's operator silently takes the reference.
 */
import { compileCel } from '../cel/compile.ts';
import { at, type JsonObject } from '../api/json.ts';
import { authorizationOf } from '../api/toolhive.ts';
import type { WriteRule } from './contract.ts';
import { WORKLOAD_WRITE } from './workload-write.ts';

export const RULE = '!(has(self.authzConfig) && has(self.authzConfigRef))';
export const MESSAGE =
  'authzConfig and authzConfigRef are mutually exclusive; use authzConfigRef to reference a shared MCPAuthzConfig';

const expression = compileCel(RULE, ['self']);

export const mutualExclusion: WriteRule = {
  id: 'mutual-exclusion',
  title: 'A workload has either authzConfig or authzConfigRef, not both.',
  on: 'write',
  match: WORKLOAD_WRITE,
  queries: () => [],
  check: ({ object }) => {
    const { holder, path } = authorizationOf(object);
    return holder === undefined || expression.evaluate({ self: asked(holder) }) === true
      ? []
      : [{ level: 'deny', path, reason: 'MutuallyExclusive', message: MESSAGE }];
  },
};

/** The expression asks which of the two is there, so nothing else of the object is turned into a CEL value. */
function asked(holder: JsonObject): ReadonlyMap<string, unknown> {
  return new Map(['authzConfig', 'authzConfigRef'].filter((name) => at(holder, name) !== undefined).map(present));
}

function present(name: string): readonly [string, boolean] {
  return [name, true];
}
