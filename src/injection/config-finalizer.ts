/**
 * A config has its finalizer from birth. The loop could only add it later, and a config that is deleted in between would
 * be gone at once, while a reference to it is on its way (test/reconcile/race.model.test.ts shows how). For the same
 * reason it is given back to one whose update leaves it out, as `kubectl replace` does.
 */
import { isJsonObject, withProperty } from '../api/json.ts';
import { FINALIZER } from '../api/names.ts';
import { AUTHZ_CONFIG } from '../api/toolhive.ts';
import type { Mutator } from '../rules/contract.ts';

export const configFinalizer: Mutator = {
  id: 'config-finalizer',
  title: 'An MCPAuthzConfig is held until no workload refers to it.',
  match: { resources: [AUTHZ_CONFIG.resource], operations: ['CREATE', 'UPDATE'] },
  queries: () => [],
  mutate: ({ object }) => {
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(FINALIZER)) {
      return { object, findings: [] };
    }
    const metadata = isJsonObject(object.metadata) ? object.metadata : {};
    return {
      object: { ...object, metadata: withProperty(metadata, 'finalizers', [...finalizers, FINALIZER]) },
      findings: [],
    };
  },
};
