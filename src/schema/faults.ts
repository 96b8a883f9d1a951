/** Why the API server would refuse an object that is in its stored form already. */
import { isJsonObject, type JsonObject } from '../api/json.ts';
import { compileCel, type CelExpression } from '../cel/compile.ts';
import { CelError } from '../cel/cel-error.ts';
import type { FaultReason, SchemaFault, StructuralSchema, ValidationRule } from './structural-schema.ts';

/** Every fault, parents first. */
export function schemaFaults(schema: StructuralSchema, value: unknown, path: string): readonly SchemaFault[] {
  if (value === null && schema.nullable === true) {
    return [];
  }
  const mistyped = typeFault(schema, value);
  if (mistyped !== undefined) {
    return [fault(path, 'TypeInvalid', mistyped)];
  }
  return [
    ...valueFaults(schema, value).map((message) => fault(path, 'ValueInvalid', message)),
    ...childFaults(schema, value, path),
    ...ruleFaults(schema, value, path),
  ];
}

function fault(path: string, reason: FaultReason, message: string): SchemaFault {
  return { path, reason, message };
}

function childFaults(schema: StructuralSchema, value: unknown, path: string): readonly SchemaFault[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? []
      : value.flatMap((element, index) => schemaFaults(items, element, `${path}[${String(index)}]`));
  }
  return isJsonObject(value) ? fieldFaults(schema, value, path) : [];
}

function fieldFaults(schema: StructuralSchema, value: JsonObject, path: string): readonly SchemaFault[] {
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  return [
    ...missing.map((name) => fault(join(path, name), 'Required', `The field "${name}" is required.`)),
    ...Object.entries(value).flatMap(([key, field]) => {
      const additional = schema.additionalProperties;
      const fieldSchema =
        schema.properties !== undefined && Object.hasOwn(schema.properties, key)
          ? schema.properties[key]
          : typeof additional === 'object'
            ? additional
            : undefined;
      return fieldSchema === undefined ? [] : schemaFaults(fieldSchema, field, join(path, key));
    }),
  ];
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function typeFault(schema: StructuralSchema, value: unknown): string | undefined {
  const actual = typeName(value);
  if (schema['x-kubernetes-int-or-string'] === true) {
    return actual === 'integer' || actual === 'string' ? undefined : `Expected an integer or a string, not ${actual}.`;
  }
  const { type } = schema;
  const fits = type === undefined || type === actual || (type === 'number' && actual === 'integer');
  return fits ? undefined : `Expected ${article(type)}, not ${article(actual)}.`;
}

function typeName(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'array';
  }
  if (typeof value === 'number' || value instanceof Number) {
    return Number.isInteger(Number(value)) ? 'integer' : 'number';
  }
  return typeof value;
}

function article(type: string): string {
  return type === 'null' ? type : `${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`;
}

function valueFaults(schema: StructuralSchema, value: unknown): readonly string[] {
  const found: string[] = [];
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const allowed = schema.enum.map((each) => JSON.stringify(each)).join(', ');
    found.push(`${JSON.stringify(value)} is not supported; supported are ${allowed}.`);
  }
  if (typeof value === 'string') {
    const length = Array.from(value).length;
    if (length < (schema.minLength ?? 0)) {
      found.push(`The text is too short: it must have at least ${String(schema.minLength)} characters.`);
    }
    if (length > (schema.maxLength ?? Infinity)) {
      found.push(`The text is too long: it may have at most ${String(schema.maxLength)} characters.`);
    }
    if (schema.pattern !== undefined && !matches(schema.pattern, value)) {
      found.push(`${JSON.stringify(value.slice(0, 80))} does not match ${schema.pattern}.`);
    }
  }
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) {
      found.push(`The list must have at least ${String(schema.minItems)} ${schema.minItems === 1 ? 'item' : 'items'}.`);
    }
    if (value.length > (schema.maxItems ?? Infinity)) {
      found.push(`The list may have at most ${String(schema.maxItems)} items.`);
    }
  }
  if (typeof value === 'number') {
    if (value < (schema.minimum ?? -Infinity)) {
      found.push(`${String(value)} is too small: it must be at least ${String(schema.minimum)}.`);
    }
    if (value > (schema.maximum ?? Infinity)) {
      found.push(`${String(value)} is too large: it may be at most ${String(schema.maximum)}.`);
    }
  }
  return found;
}

/** Through the CEL library's RE2, whose dialect is that of the API server. */
const match = compileCel('self.text.matches(self.pattern)', ['self']);

function matches(pattern: string, text: string): boolean {
  return match.evaluate({ self: { pattern, text } }) === true;
}

const compiled = new Map<string, CelExpression | undefined>();

/** Undefined for a transition rule, and for an expression that this library does not know: neither can be judged here. */
function expressionOf(rule: string): CelExpression | undefined {
  if (!compiled.has(rule)) {
    compiled.set(rule, /\boldSelf\b/.test(rule) ? undefined : attempt(() => compileCel(rule, ['self'])));
  }
  return compiled.get(rule);
}

function ruleFaults(schema: StructuralSchema, self: unknown, path: string): readonly SchemaFault[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => {
    const message = violation(rule, self);
    return message === undefined ? [] : [fault(path, 'RuleViolated', message)];
  });
}

function violation({ rule, message }: ValidationRule, self: unknown): string | undefined {
  const holds = attempt(() => expressionOf(rule)?.evaluate({ self }));
  return holds === false ? (message ?? `failed rule: ${rule}`) : undefined;
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof CelError) {
      return undefined;
    }
    throw error;
  }
}
