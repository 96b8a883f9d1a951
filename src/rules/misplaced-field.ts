/**
 * Authorization stands where ToolHive reads it.
 *
 * A field at another place is dropped before any webhook sees the object, and without strict validation nobody is told:
 * the workload runs without authorization (TOOLHIVE gap U15). So this is asked of files, where the field still is.
 */
import { at, isJsonObject, property } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { AUTHZ_CONFIG, workloadType } from '../api/toolhive.ts';
import type { Finding, WriteRule } from './contract.ts';
import { CONFIG_WRITE, WORKLOAD_WRITE } from './workload-write.ts';

export const misplacedField: WriteRule = {
  id: 'misplaced-field',
  title: 'Authorization stands where ToolHive reads it; anywhere else it is dropped without a word.',
  on: 'write',
  match: { resources: [...WORKLOAD_WRITE.resources, ...CONFIG_WRITE.resources], operations: WORKLOAD_WRITE.operations },
  queries: () => [],
  check: ({ object }) =>
    misplacedFields(object).map(({ path, right }): Finding => ({
      level: 'deny',
      path,
      reason: 'MisplacedField',
      message: `ToolHive does not read this field here: it is dropped, and ${consequence(object)}. Move it to ${right}.`,
    })),
};

export interface Misplaced {
  readonly path: string;
  readonly right: string;
}

/** Sorted by place; what stands inside a misplaced field is not told again. */
export function misplacedFields(object: KubernetesObject): readonly Misplaced[] {
  return object.kind === AUTHZ_CONFIG.kind ? misplacedInConfig(object) : misplacedInWorkload(object);
}

function consequence({ kind }: KubernetesObject): string {
  return kind === AUTHZ_CONFIG.kind ? 'the config is without it' : 'the workload runs without this authorization';
}

const FIELDS = ['authzConfig', 'authzConfigRef'];

function misplacedInWorkload(object: KubernetesObject): readonly Misplaced[] {
  const right = (workloadType(object.kind)?.authorizationPath ?? ['spec']).join('.');
  const found: Misplaced[] = [];
  const visit = (value: unknown, path: string): void => {
    for (const [key, child] of Object.entries(isJsonObject(value) ? value : {})) {
      const here = path === '' ? key : `${path}.${key}`;
      if (FIELDS.includes(key) && path !== right && child !== null) {
        found.push({ path: here, right: `${right}.${key}` });
      } else if (!FREE_FORM.has(here) && !FIELDS.includes(key)) {
        visit(child, here);
      }
    }
  };
  visit(object, '');
  return found;
}

/** Here names are the user's own, and a field of a pod called authzConfig is somebody else's. */
const FREE_FORM = new Set(['metadata', 'status', 'spec.podTemplateSpec', 'spec.resourceOverrides']);

/** Names of the two levels of an MCPAuthzConfig, and of what belongs inside `config`. */
const IN_SPEC = ['type', 'config'];
const IN_CONFIG = [
  'policies',
  'entities_json',
  'primary_upstream_provider',
  'group_claim_name',
  'role_claim_name',
  'group_entity_type',
  'multi_valued_claims',
  'http',
  'context',
  'claim_mapping',
];

function misplacedInConfig(object: KubernetesObject): readonly Misplaced[] {
  const spec = at(object, 'spec');
  const keys = (value: unknown): readonly string[] => (isJsonObject(value) ? Object.keys(value) : []);
  return [
    ...keys(object)
      .filter((key) => IN_SPEC.includes(key) && property(object, key) !== null)
      .map((key) => ({ path: key, right: `spec.${key}` })),
    ...keys(object)
      .filter((key) => IN_CONFIG.includes(key))
      .map((key) => ({ path: key, right: `spec.config.${key}` })),
    ...keys(spec)
      .filter((key) => IN_CONFIG.includes(key))
      .map((key) => ({ path: `spec.${key}`, right: `spec.config.${key}` })),
  ];
}
