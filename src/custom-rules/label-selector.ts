/** metav1.LabelSelector: how it is written, and what it matches (k8s.io/apimachinery, LabelSelectorAsSelector). */
import { property } from '../api/json.ts';
import type { Fields } from './fields.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

interface Requirement {
  readonly key: string;
  readonly operator: (typeof OPERATORS)[number];
  readonly values: readonly string[];
}

/** Everything must hold; nothing required matches all. */
export type LabelSelector = readonly Requirement[];

export function readLabelSelector(parent: Fields, field: string): LabelSelector {
  const selector = parent.object(field, ['matchLabels', 'matchExpressions']);
  const labels = [...(selector?.map('matchLabels') ?? [])].map(([key, { value }]): Requirement => ({
    key,
    operator: 'In',
    values: [value],
  }));
  const expressions = selector?.objects('matchExpressions', ['key', 'operator', 'values']) ?? [];
  return [...labels, ...expressions.flatMap(readRequirement)];
}

function readRequirement(fields: Fields): LabelSelector {
  const key = fields.text('key')?.value ?? '';
  const operator = fields.word('operator', OPERATORS);
  const values = fields.texts('values')?.map(({ value }) => value) ?? [];
  for (const field of ['key', 'operator'].filter((name) => !fields.has(name))) {
    fields.fault(field, 'is required');
  }
  if (operator === undefined) {
    return [];
  }
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues !== values.length > 0) {
    fields.fault('values', takesValues ? `${operator} needs at least one value` : `${operator} takes no values`);
  }
  return [{ key, operator, values }];
}

export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every(({ key, operator, values }) => {
    const value = property(labels, key);
    switch (operator) {
      case 'In':
        return typeof value === 'string' && values.includes(value);
      case 'NotIn':
        return typeof value !== 'string' || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
    }
  });
}
