/** The content of a Cedar config as Go reads it into its struct: without regard to case, zero values as if not there. */
import { isJsonObject } from '../api/json.ts';

const FIELDS = [
  'policies',
  'entities_json',
  'primary_upstream_provider',
  'group_claim_name',
  'role_claim_name',
  'group_entity_type',
  'multi_valued_claims',
] as const;

export type CedarField = (typeof FIELDS)[number];
export type CedarContent = Readonly<Partial<Record<CedarField, unknown>>>;

/** Source: Go documentation, encoding/json, func Unmarshal; a key that comes again wins, null leaves what was there. */
export function cedarContent(config: unknown): CedarContent {
  const content: Partial<Record<CedarField, unknown>> = {};
  for (const [key, value] of Object.entries(isJsonObject(config) ? config : {})) {
    const field = FIELDS.find((name) => name === key.toLowerCase());
    if (field !== undefined && value !== null) {
      content[field] = value;
    }
  }
  return Object.fromEntries(Object.entries(content).filter(([, value]) => !isZero(value)));
}

/** `"[]"` is what ToolHive writes where there are no entities. */
function isZero(value: unknown): boolean {
  return value === '' || value === '[]' || (Array.isArray(value) && value.length === 0);
}
