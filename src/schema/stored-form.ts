/** What the API server would store of an object: nulls and unknown fields dropped, defaults filled in. */
import { isJsonObject, type JsonObject } from '../api/json.ts';
import { isOpen, type StructuralSchema } from './structural-schema.ts';

export interface StoredForm {
  readonly value: unknown;
  /** Paths of the fields that are dropped, with the names that are known beside each. */
  readonly unknown: readonly { readonly path: string; readonly known: readonly string[] }[];
}

/** In the API server's order: pruning, then defaulting (Kubernetes documentation, "Defaulting and Nullable"). */
export function storedForm(schema: StructuralSchema, value: unknown, path = ''): StoredForm {
  if (Array.isArray(value) && schema.items !== undefined) {
    const items = schema.items;
    const forms = value.map((element: unknown, index) => storedForm(items, element, `${path}[${String(index)}]`));
    return { value: forms.map((form) => form.value), unknown: forms.flatMap((form) => form.unknown) };
  }
  return isJsonObject(value) ? storedObject(schema, value, path) : { value, unknown: [] };
}

function storedObject(schema: StructuralSchema, value: JsonObject, path: string): StoredForm {
  const entries: [string, unknown][] = [];
  const unknown: StoredForm['unknown'][number][] = [];
  for (const [key, field] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const fieldSchema = schemaOf(schema, key);
    if (fieldSchema === undefined) {
      if (isOpen(schema)) {
        entries.push([key, field]);
      } else {
        unknown.push({ path: at, known: Object.keys(schema.properties ?? {}) });
      }
    } else if (field !== null || fieldSchema.nullable === true) {
      const form = storedForm(fieldSchema, field, at);
      entries.push([key, form.value]);
      unknown.push(...form.unknown);
    }
  }
  const present = new Set(entries.map(([key]) => key));
  for (const [key, fieldSchema] of Object.entries(schema.properties ?? {})) {
    if (!present.has(key) && fieldSchema.default !== undefined) {
      entries.push([key, storedForm(fieldSchema, fieldSchema.default).value]);
    }
  }
  return { value: Object.fromEntries(entries), unknown };
}

/** An object without any list of properties holds what it likes only where that is said. */
function schemaOf({ properties, additionalProperties }: StructuralSchema, key: string): StructuralSchema | undefined {
  if (properties !== undefined && Object.hasOwn(properties, key)) {
    return properties[key];
  }
  return typeof additionalProperties === 'object'
    ? additionalProperties
    : additionalProperties === true
      ? {}
      : undefined;
}
