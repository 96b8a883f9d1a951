/** What an operator asks of its operands (cedar-go 1.8, internal/eval/util.go), and the error if they are not that. */
import {
  fitsInt64,
  typeName,
  type CedarValue,
  type CountValue,
  type EntityValue,
  type IpValue,
  type SetValue,
} from './cedar-value.ts';

/** An error of the evaluation, in the engine's words; whoever runs a policy catches it. */
export class EvaluationError extends Error {}

export function checkedBool(value: CedarValue): boolean {
  return typeof value === 'boolean' ? value : mismatch('bool', value);
}

export function checkedLong(value: CedarValue): bigint {
  return typeof value === 'bigint' ? value : mismatch('long', value);
}

export function checkedString(value: CedarValue): string {
  return typeof value === 'string' ? value : mismatch('string', value);
}

export function checkedSet(value: CedarValue): SetValue {
  return typeof value === 'object' && value.kind === 'set' ? value : mismatch('set', value);
}

export function checkedEntity(value: CedarValue): EntityValue {
  return typeof value === 'object' && value.kind === 'entity'
    ? value
    : mismatch('(entity of type `any_entity_type`)', value);
}

export function checkedIp(value: CedarValue): IpValue {
  return typeof value === 'object' && value.kind === 'ip' ? value : mismatch('ipaddr', value);
}

export function checkedCount(kind: CountValue['kind'], value: CedarValue): bigint {
  return typeof value === 'object' && value.kind === kind ? value.count : mismatch(kind, value);
}

/** What `<` and its like compare: integers, datetimes and durations, each with its own kind. Decimals have methods. */
export function checkedComparable(value: CedarValue): { readonly kind: string; readonly count: bigint } {
  if (typeof value === 'bigint') {
    return { kind: 'long', count: value };
  }
  return typeof value === 'object' && (value.kind === 'datetime' || value.kind === 'duration')
    ? value
    : mismatch('comparable value', value);
}

/** @throws EvaluationError where the result is no 64 bit integer. */
export function checkedResult(result: bigint, attempt: () => string): bigint {
  if (!fitsInt64(result)) {
    throw new EvaluationError(`integer overflow while attempting to ${attempt()}`);
  }
  return result;
}

function mismatch(expected: string, value: CedarValue): never {
  throw new EvaluationError(`type error: expected ${expected}, got ${typeName(value)}`);
}
