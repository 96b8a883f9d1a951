/** A document of kind CustomRule, as it is written. Names and limits are those of ValidatingAdmissionPolicy. */
import type { RuleDocument } from './documents.ts';
import type { Fields, Text } from './fields.ts';
import { readMatchConstraints, type MatchConstraints } from './match-constraints.ts';

export interface NamedExpression {
  readonly name: string;
  readonly expression: Text;
}

export interface Validation {
  readonly expression: Text;
  readonly message: string | undefined;
  readonly messageExpression: Text | undefined;
  readonly refusal: 'Invalid' | 'Forbidden' | 'Conflict';
}

export interface CustomRule {
  readonly name: string;
  readonly constraints: MatchConstraints;
  readonly matchConditions: readonly NamedExpression[];
  readonly variables: readonly NamedExpression[];
  readonly validations: readonly Validation[];
  readonly action: 'Deny' | 'Warn' | 'Audit';
  readonly ignoresErrors: boolean;
}

const SPEC_FIELDS = ['matchConstraints', 'matchConditions', 'variables', 'validations', 'action', 'failurePolicy'];
const METADATA_FIELDS = ['name', 'labels', 'annotations'];

/** Rule ids are kebab-case, as the built-in ones. */
const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const MAX_NAME = 63;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** matchConditions of a policy, and enough of anything else. */
const MAX_EXPRESSIONS = 64;

/**
 * Undefined where too little could be read to go on. Everything wrong was reported to the fields; what is returned then
 * is good enough to look for more.
 */
export function readRule(
  { fields }: RuleDocument,
  isFree: (name: string) => string | undefined,
): CustomRule | undefined {
  const name = readName(fields.object('metadata', METADATA_FIELDS), fields, isFree);
  const spec = fields.object('spec', SPEC_FIELDS);
  if (spec === undefined) {
    if (!fields.has('spec')) {
      fields.fault('spec', 'is required');
    }
    return undefined;
  }
  const constraints = readMatchConstraints(spec);
  const validations = spec.objects('validations', ['expression', 'message', 'messageExpression', 'reason']);
  if (spec.isEmpty('validations')) {
    spec.fault('validations', 'at least one is required');
  }
  const rule = {
    matchConditions: readNamed(spec, 'matchConditions', /^[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?$/),
    variables: readNamed(spec, 'variables', IDENTIFIER),
    validations: (validations ?? []).flatMap(readValidation),
    action: spec.word('action', ['Deny', 'Warn', 'Audit']) ?? 'Deny',
    ignoresErrors: spec.word('failurePolicy', ['Fail', 'Ignore']) === 'Ignore',
  };
  return { name: name ?? '', constraints, ...rule };
}

function readName(
  metadata: Fields | undefined,
  document: Fields,
  isFree: (name: string) => string | undefined,
): string | undefined {
  const name = metadata?.text('name');
  if (name === undefined) {
    if (metadata === undefined ? !document.has('metadata') : !metadata.has('name')) {
      (metadata ?? document).fault(metadata === undefined ? 'metadata' : 'name', 'is required');
    }
    return undefined;
  }
  const defect =
    NAME.test(name.value) && name.value.length <= MAX_NAME
      ? isFree(name.value)
      : `must be lower case words joined by dashes, at most ${String(MAX_NAME)} characters`;
  if (defect !== undefined) {
    name.fault(0, `metadata.name: "${name.value}" ${defect}`);
    return undefined;
  }
  return name.value;
}

function readNamed(spec: Fields, field: string, shape: RegExp): readonly NamedExpression[] {
  const seen = new Set<string>();
  const items = spec.objects(field, ['name', 'expression']) ?? [];
  if (items.length > MAX_EXPRESSIONS) {
    spec.fault(field, `at most ${String(MAX_EXPRESSIONS)} are allowed`);
  }
  return items.flatMap((item) => {
    const name = required(item, 'name');
    const expression = required(item, 'expression');
    if (name !== undefined && !shape.test(name.value)) {
      name.fault(0, `${item.path}.name: "${name.value}" is not usable as a name here`);
    } else if (name !== undefined && seen.has(name.value)) {
      name.fault(0, `${item.path}.name: "${name.value}" is there already`);
    } else if (name !== undefined && expression !== undefined) {
      seen.add(name.value);
      return [{ name: name.value, expression }];
    }
    return [];
  });
}

function readValidation(item: Fields): readonly Validation[] {
  const expression = required(item, 'expression');
  const message = item.text('message');
  const messageExpression = item.text('messageExpression');
  const refusal = item.word('reason', ['Invalid', 'Forbidden', 'Conflict']) ?? 'Invalid';
  if (message !== undefined && /[\r\n]/.test(message.value.trim())) {
    message.fault(0, `${item.path}.message: must not contain line breaks`);
  }
  if (message?.value.trim() === '') {
    message.fault(0, `${item.path}.message: must not be empty`);
  }
  if (message === undefined && expression !== undefined && /[\r\n]/.test(expression.value.trim())) {
    item.fault('message', 'is required where the expression has line breaks');
  }
  return expression === undefined ? [] : [{ expression, message: message?.value.trim(), messageExpression, refusal }];
}

function required(item: Fields, field: string): Text | undefined {
  const text = item.text(field);
  if (text === undefined ? !item.has(field) : text.value.trim() === '') {
    item.fault(field, text === undefined ? 'is required' : 'must not be empty');
  }
  return text?.value.trim() === '' ? undefined : text;
}
