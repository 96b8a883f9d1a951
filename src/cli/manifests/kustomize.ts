/** The generated files of the kustomize base webhooks/, by name. */
import { renderBackstop, renderManifests } from './manifests.ts';

/** The Service of the base; an overlay or the chart may name another. */
const SERVICE = { namespace: 'mcp-authz-system', name: 'mcp-authz-webhook' };
/** Of webhooks/rbac.yaml. */
export const ACCOUNT = { namespace: 'mcp-authz-system', name: 'mcp-authz-webhook' };

const HEAD = '# Generated from the match data of the rules by "npm run generate"; do not edit.\n';

export function kustomizeFiles(): Readonly<Record<string, string>> {
  const [mutating = '', validating = ''] = renderManifests({
    target: { service: SERVICE },
    account: ACCOUNT,
  }).split('---\n');
  return {
    'mutating.yaml': `${HEAD}${mutating}`,
    'validating.yaml': `${HEAD}${validating}`,
    'backstop.yaml': `${HEAD}${renderBackstop()}`,
  };
}
