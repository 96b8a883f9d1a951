/** The YAML documents of the files; a ConfigMap's values are files of their own. */
import { isMap, isScalar, parseAllDocuments, type Document } from 'yaml';
import { PREFIX } from '../api/names.ts';
import { sourceOf, type CustomRuleFault, type Source } from './fault.ts';
import { fieldsOf, meant, type Fields } from './fields.ts';

export interface CustomRuleFile {
  readonly name: string;
  readonly text: string;
}

export const API_VERSION = `${PREFIX}/v1alpha1`;
export const KIND = 'CustomRule';

/** A document of kind CustomRule. */
export interface RuleDocument {
  readonly file: string;
  readonly fields: Fields;
}

export function readDocuments(
  { name, text }: CustomRuleFile,
  faults: CustomRuleFault[],
  nested = false,
): readonly RuleDocument[] {
  const source = sourceOf(name, text, faults);
  return parse(source).flatMap((document) => {
    // The first is to blame; what comes after it mostly follows from it.
    const [broken] = [...document.errors, ...document.warnings];
    if (broken !== undefined) {
      source.fault(broken.pos[0], `not valid YAML: ${broken.message}`);
      return [];
    }
    if (isEmpty(document)) {
      return [];
    }
    const kind: unknown = isMap(document.contents) ? document.contents.get('kind') : undefined;
    if (kind === 'ConfigMap' && !nested) {
      return unwrap(fieldsOf(document, document.contents, undefined, source), name, faults);
    }
    const fields = fieldsOf(document, document.contents, ['apiVersion', 'kind', 'metadata', 'spec'], source);
    return fields !== undefined && isCustomRule(fields, nested) ? [{ file: name, fields }] : [];
  });
}

/** What fits into a ConfigMap. */
const MAX_BYTES = 1024 * 1024;

function parse(source: Source): readonly Document[] {
  if (source.text.length > MAX_BYTES) {
    source.fault(0, `the file is larger than ${String(MAX_BYTES)} bytes`);
    return [];
  }
  try {
    const documents = parseAllDocuments(source.text, { prettyErrors: false });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    // Nested so deep that the stack ran out.
    source.fault(0, `not readable as YAML: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

/** A file may begin or end with `---`, and a folder may hold a file of comments. */
function isEmpty({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function unwrap(fields: Fields | undefined, name: string, faults: CustomRuleFault[]): readonly RuleDocument[] {
  if (fields === undefined || !isNamed(fields, 'apiVersion', ['v1'])) {
    return [];
  }
  if (!fields.has('data')) {
    fields.fault('data', 'is required');
  }
  return [...(fields.map('data') ?? [])].flatMap(([key, { value }]) =>
    readDocuments({ name: `${name}: data["${key}"]`, text: value }, faults, true),
  );
}

function isCustomRule(fields: Fields, nested: boolean): boolean {
  const kinds = nested ? [KIND] : [KIND, 'ConfigMap'];
  return isNamed(fields, 'kind', kinds) && isNamed(fields, 'apiVersion', [API_VERSION]);
}

function isNamed(fields: Fields, field: string, allowed: readonly string[]): boolean {
  const text = fields.text(field);
  if (text === undefined) {
    if (!fields.has(field)) {
      fields.fault(field, `is required: ${allowed.join(' or ')}`);
    }
    return false;
  }
  if (!allowed.includes(text.value)) {
    text.fault(0, `${field}: expected ${allowed.join(' or ')}, not "${text.value}"${meant(text.value, allowed)}`);
    return false;
  }
  return true;
}
