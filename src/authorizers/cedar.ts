/** The Cedar project's own WebAssembly build, as far as it is used. It answers with values; see analyze.ts for bounds. */
import { createRequire } from 'node:module';
import { at, stringAt } from '../api/json.ts';
import { loadedWithMaximumMemory, PAGE } from './bounded-memory.ts';

export interface CedarMessage {
  /** Without the module's own prefix. */
  readonly message: string;
  readonly help: string | undefined;
  /** What was expected there, in the module's words. */
  readonly label: string | undefined;
  /** UTF-8 bytes from the start of the text. */
  readonly start: number;
  readonly end: number;
}

export interface CedarVerdict {
  readonly policy: number;
  readonly level: 'error' | 'warning';
  readonly message: CedarMessage;
}

export interface Cedar {
  /** Undefined if every text is exactly one static policy. A joint failure does not say which text it is. */
  parse(texts: readonly string[]): CedarMessage | undefined;
  /** The policy in Cedar's JSON form, undefined if it does not parse. */
  toJson(text: string): unknown;
  /** What the validator says of policies under a schema (Cedar schema syntax); undefined if the schema is not taken. */
  validate(schema: string, texts: readonly string[]): readonly CedarVerdict[] | undefined;
}

/** The functions of @cedar-policy/cedar-wasm/nodejs that are called; its own types describe far more. */
interface CedarModule {
  checkParsePolicySet(set: object): unknown;
  policyToJson(text: string): unknown;
  validate(call: object): unknown;
}

/** Bytes. The largest set of ordinary policies that is let in needs half of it. */
const MEMORY = 128 * 1024 * 1024;

/** Loads the module: 20 to 30 ms and 15 MB, so whoever does not need it should not. */
export function createCedar(): Cedar {
  // The package's Node build is CommonJS with a typed surface of its own; the three functions above are what is used.
  const require = createRequire(import.meta.url);
  const module = loadedWithMaximumMemory(
    MEMORY / PAGE,
    () => require('@cedar-policy/cedar-wasm/nodejs') as CedarModule,
  );
  return {
    parse: (texts) => {
      const answer = module.checkParsePolicySet({ staticPolicies: named(texts) });
      return stringAt(answer, 'type') === 'success' ? undefined : messageOf(first(at(answer, 'errors')));
    },
    toJson: (text) => at(module.policyToJson(text), 'json'),
    validate: (schema, texts) => {
      const policies = { staticPolicies: named(texts) };
      const answer = module.validate({ validationSettings: { mode: 'strict' }, schema, policies });
      if (stringAt(answer, 'type') !== 'success') {
        return undefined;
      }
      return [
        ...verdicts(at(answer, 'validationErrors'), 'error'),
        ...verdicts(at(answer, 'validationWarnings'), 'warning'),
      ];
    },
  };
}

/** A mere list the module takes for policies of the same name, and refuses the second. */
function named(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(texts.map((text, index) => [`p${String(index)}`, text]));
}

function verdicts(list: unknown, level: CedarVerdict['level']): readonly CedarVerdict[] {
  return (Array.isArray(list) ? list : []).map((entry: unknown) => ({
    policy: Number((stringAt(entry, 'policyId') ?? 'p0').slice(1)),
    level,
    message: messageOf(at(entry, 'error')),
  }));
}

function messageOf(error: unknown): CedarMessage {
  const location = first(at(error, 'sourceLocations'));
  return {
    message: (stringAt(error, 'message') ?? 'it is not a policy')
      .replace(/^failed to parse policy with id `p\d+` from string: /, '')
      .replace(/^for policy `[^`]*`, /, ''),
    help: stringAt(error, 'help')?.replace(/^for policy `[^`]*`, /, ''),
    label: stringAt(location, 'label'),
    start: Number(at(location, 'start') ?? 0),
    end: Number(at(location, 'end') ?? 0),
  };
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? (list[0] as unknown) : undefined;
}
