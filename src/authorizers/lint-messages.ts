/** What the Cedar validator says, in terms of what ToolHive's proxy will do. */
import { guardOf, pathInWords, unguardedPath } from './attribute-path.ts';
import type { CedarMessage } from './cedar.ts';
import { suggest } from '../api/suggest.ts';

export interface Explained {
  readonly reason: string;
  readonly message: string;
}

const DENIES = 'an error at run time, which denies the whole request, whoever else permits it';

/** Undefined for what is told elsewhere (unknown actions), and for what the proxy's engine takes. */
export function explain(
  { message: original, help }: CedarMessage,
  effect: 'permit' | 'forbid',
  entityTypes: readonly string[],
): Explained | undefined {
  const message = original
    .replaceAll('__cedar::internal::AnyEntity', 'an entity')
    .replaceAll('__cedar::internal::Any', 'anything')
    .replaceAll(/__cedar::internal::(?:True|False)/g, 'Bool');
  const nothing = effect === 'permit' ? 'permits nothing' : 'forbids nothing';
  // The proxy gives the action its operation, which no schema can say; and to it an empty set is a set.
  if (/^unrecognized action|^attribute `operation` on entity type `Action`|^empty set literals/i.test(message)) {
    return undefined;
  }
  if (/extension constructors may not be called with non-literal/i.test(message)) {
    return {
      reason: 'ValueFromRequest',
      message: `A value of the request is read as ip, decimal, datetime or duration: where it is none, that is ${DENIES}.`,
    };
  }
  const type = /^unrecognized entity type `([^`]+)`/.exec(message)?.[1];
  if (type !== undefined) {
    return {
      reason: 'UnknownEntityType',
      message: `No request has an entity of type ${type}: the policy never matches and ${nothing}.${typeHint(type, entityTypes)}`,
    };
  }
  const path = unguardedPath(message);
  if (path !== undefined) {
    const name = pathInWords(path);
    return {
      reason: 'UnguardedAttribute',
      message: `"${name}" is read without a guard: ${withoutIt(name)} is ${DENIES}. Ask first: ${guardOf(owner(message), path)} && …`,
    };
  }
  const missing = /^attribute `([^`]+)`(.*) not found/.exec(message);
  if (missing !== null) {
    const [, named = '', where = ''] = missing;
    const name = pathInWords(named);
    return {
      reason: 'UnknownAttribute',
      message: `${subject(where)} has no attribute "${name}": reading it is ${DENIES}.${attributeHint(name, where)}`,
    };
  }
  if (/expected Long but saw decimal|types? (Long and decimal|decimal and Long)/.test(message)) {
    const equation = message.includes('not compatible');
    return {
      reason: 'NumberIsDecimal',
      message: equation
        ? 'ToolHive passes every number as a decimal, so this is never equal. Compare with decimal("5.0").'
        : `ToolHive passes every number as a decimal, and comparing one like this is ${DENIES}. Write .lessThan(decimal("10.0")) and the like.`,
    };
  }
  if (message.includes('policy is impossible') || message.includes('unable to find an applicable action')) {
    return { reason: 'ImpossiblePolicy', message: `The policy can never match: it ${nothing}.` };
  }
  if (message.includes('not compatible')) {
    return { reason: 'NeverEqual', message: `${sentence(message)}: the comparison is never true.` };
  }
  return message.startsWith('unexpected type')
    ? { reason: 'TypeError', message: `${sentence(message)}: this is ${DENIES}.${hint(help)}` }
    : { reason: 'Validator', message: `${sentence(message)}.${hint(help)}` };
}

function typeHint(type: string, entityTypes: readonly string[]): string {
  const near = suggest(type, entityTypes);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

function withoutIt(name: string): string {
  if (isArgumentName(name)) {
    return 'a call without this argument, and every listing of the tool,';
  }
  return name.startsWith('claim') ? 'a request without this claim' : 'a request without it';
}

function isArgumentName(name: string): boolean {
  return name.startsWith('arg_');
}

function owner(message: string): string {
  if (message.includes('context')) {
    return 'context';
  }
  return message.includes('`Client`') ? 'principal' : /`(Tool|Prompt|Resource)`/.test(message) ? 'resource' : '…';
}

function subject(where: string): string {
  const type = /on entity type `([^`]+)`/.exec(where)?.[1];
  return type === undefined
    ? "The request's context"
    : type === 'Client'
      ? 'The principal'
      : `${/^[AEIOU]/.test(type) ? 'An' : 'A'} ${type}`;
}

function attributeHint(name: string, where: string): string {
  if (where.includes('`Client`')) {
    const claim = `claim_${name}`;
    return ` Claims are called claim_<name>: principal${/^\w+$/.test(claim) ? `.${claim}` : `["${claim}"]`}?`;
  }
  return where.includes('context') ? ` Claims are called claim_${name}, arguments arg_${name}.` : '';
}

function hint(help: string | undefined): string {
  return help === undefined ? '' : ` ${sentence(help.replaceAll('`', ''))}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
