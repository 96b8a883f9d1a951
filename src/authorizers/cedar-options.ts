/** The fields of a Cedar config. Source: ToolHive's pkg/authz/authorizers/cedar, ConfigOptions. */
import { list, STRING, struct, type GoDecoded } from './go-json.ts';

export const CEDAR_OPTIONS = struct('ConfigOptions', {
  policies: list(STRING),
  entities_json: STRING,
  primary_upstream_provider: STRING,
  group_claim_name: STRING,
  role_claim_name: STRING,
  group_entity_type: STRING,
  multi_valued_claims: list(STRING),
});

export function stringOf({ value }: GoDecoded, field: string): string {
  const found = value[field];
  return typeof found === 'string' ? found : '';
}

export function stringsOf({ value }: GoDecoded, field: string): readonly string[] {
  const found = value[field];
  return Array.isArray(found) ? found.map(String) : [];
}
