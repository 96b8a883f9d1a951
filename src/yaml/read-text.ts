/**
 * A short text as its value, where nobody asks for places: many times as fast as documents that remember them
 * (docs/adr/0023-decision-tests-in-time.md), with scalars as kubectl takes them.
 */
import { defineScalarTag, FAILSAFE_SCHEMA, load, mergeTag, NOT_RESOLVED, YAMLException } from 'js-yaml';
import { plainScalar, TAGS, taggedScalar } from './plain-scalar.ts';

const PLAIN = defineScalarTag('tag:yaml.org,2002:plain', {
  implicit: true,
  implicitFirstChars: ['', ...Array.from('+-.~0123456789yYnNtTfFoO')],
  resolve: (text) => {
    const value = plainScalar(text);
    return typeof value === 'string' ? NOT_RESOLVED : value;
  },
  identify: () => false,
});

const TAGGED = TAGS.map((name) =>
  defineScalarTag(`tag:yaml.org,2002:${name}`, {
    resolve: (text) => taggedScalar(name, text),
    identify: () => false,
  }),
);

const SCHEMA = FAILSAFE_SCHEMA.withTags(mergeTag, PLAIN, ...TAGGED);

/** More than anybody writes by hand. */
const LIMITS = { maxDepth: 64, maxAliases: 100, maxTotalMergeKeys: 1000 };

/** Parts that aliases may stand for altogether. */
const MAX_EXPANDED = 100_000;

export function readText(text: string): { readonly value: unknown } | { readonly error: string } {
  try {
    return { value: JSON.parse(text) as unknown }; // JSON is YAML, but read faster as itself
  } catch {
    return readYaml(text);
  }
}

function readYaml(text: string): { readonly value: unknown } | { readonly error: string } {
  try {
    const value: unknown = load(text, { schema: SCHEMA, ...LIMITS });
    return { value: /\*[^\s]/.test(text) ? unfolded(value) : value };
  } catch (error) {
    if (error instanceof YAMLException && error.mark !== undefined) {
      const { line, column } = error.mark;
      return { error: `${error.reason} at line ${String(line + 1)}, column ${String(column + 1)}` };
    }
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Aliases are the same object to the library: whoever walks it would walk in circles, or without end. */
function unfolded(root: unknown): unknown {
  const open = new Set<object>();
  let parts = 0;
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    parts += 1;
    if (open.has(value) || parts > MAX_EXPANDED) {
      throw new Error('its aliases stand for too much');
    }
    open.add(value);
    const copied = Array.isArray(value)
      ? value.map(copy)
      : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copy(part)]));
    open.delete(value);
    return copied;
  };
  return copy(root);
}
