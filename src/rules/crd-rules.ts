/**
 * A manifest is what its CRD asks for: required fields, types, and the CRD's own CEL rules. The API server says the same
 * when it is asked; this says it before.
 */
import { schemaFaults } from '../schema/faults.ts';
import { storedForm } from '../schema/stored-form.ts';
import type { StructuralSchema } from '../schema/structural-schema.ts';
import type { Finding, WriteRule } from './contract.ts';
import { misplacedField } from './misplaced-field.ts';
import { MESSAGE as MUTUALLY_EXCLUSIVE } from './mutual-exclusion.ts';

export function createCrdRule(schemas: ReadonlyMap<string, StructuralSchema>): WriteRule {
  return {
    id: 'crd-rules',
    title: "A manifest keeps to its CRD: required fields, types, and the CRD's CEL rules.",
    on: 'write',
    match: misplacedField.match,
    queries: () => [],
    check: ({ object }) => {
      const schema = schemas.get(object.kind);
      return schema === undefined
        ? []
        : schemaFaults(schema, storedForm(schema, object).value, '')
            .filter(({ message, path }) => message !== MUTUALLY_EXCLUSIVE && !isOurs(object.kind, path))
            .map(({ path, reason, message }): Finding => ({ level: 'deny', path, reason, message }));
    },
  };
}

/** Told by authz-config, which says more: a config's type and content, there or not. */
function isOurs(kind: string, path: string): boolean {
  return kind === 'MCPAuthzConfig' && /^spec\.(type|config)/.test(path);
}
