/**
 * A manifest has no fields that its CRD does not know: they are dropped before anything else happens. A misspelt
 * authorization field is refused, since the workload would run without; any other is a warning.
 */
import { suggest } from '../api/suggest.ts';
import { storedForm } from '../schema/stored-form.ts';
import type { StructuralSchema } from '../schema/structural-schema.ts';
import type { Finding, WriteRule } from './contract.ts';
import { misplacedField, misplacedFields } from './misplaced-field.ts';

/** What authorization is made of: whoever misspells one of these has none. */
const AUTHORIZATION = /(^|\.)(authzConfig|authzConfigRef|incomingAuth)(\.|$)/;

export function createUnknownFieldRule(schemas: ReadonlyMap<string, StructuralSchema>): WriteRule {
  return {
    id: 'unknown-field',
    title: 'A manifest has only fields that its CRD knows; others are dropped without a word.',
    on: 'write',
    match: misplacedField.match,
    queries: () => [],
    check: ({ object }) => {
      const schema = schemas.get(object.kind);
      if (schema === undefined) {
        return [];
      }
      const misplaced = new Set(misplacedFields(object).map(({ path }) => path));
      return storedForm(schema, object)
        .unknown.filter(
          ({ path }) => !misplaced.has(path) && ![...misplaced].some((other) => other.startsWith(`${path}.`)),
        )
        .map(({ path, known }) => unknownField(object.kind, path, known));
    },
  };
}

function unknownField(kind: string, path: string, known: readonly string[]): Finding {
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')));
  const name = path.slice(path.lastIndexOf('.') + 1);
  const near = suggest(name, known);
  const meant = `${parent}.${near ?? ''}`;
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  if (parent.endsWith('authzConfigRef') && ['namespace', 'kind', 'apiVersion'].includes(name)) {
    return {
      level: 'deny',
      path,
      reason: 'UnknownField',
      message:
        'A reference has only a name: it reaches an MCPAuthzConfig of its own namespace. This field is dropped; remove it.',
    };
  }
  return {
    level: AUTHORIZATION.test(meant) || AUTHORIZATION.test(parent) ? 'deny' : 'warn',
    path,
    reason: 'UnknownField',
    message: `${kind} has no field "${name}" here: it is dropped and has no effect.${hint}`,
  };
}
