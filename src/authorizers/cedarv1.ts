/**
 * Cedar policies, evaluated in the proxy by cedar-go. Source of every rule: ToolHive's pkg/authz/authorizers/cedar,
 * ValidateConfig (what its controller checks) and CreateAuthorizer (what its proxy checks when it starts).
 */
import { at, isJsonObject } from '../api/json.ts';
import type { Problem } from './analysis.ts';
import type { Authorizer } from './authorizer.ts';
import type { Cedar } from './cedar.ts';
import { cedarDecide } from './cedar-decide.ts';
import { lintCedar } from './cedar-lint.ts';
import { CEDAR_OPTIONS, stringOf, stringsOf } from './cedar-options.ts';
import { readEntities } from './entities.ts';
import { goDecode, sameKey, type GoDecoded } from './go-json.ts';
import { parseProblem, preparePolicy } from './policy.ts';

/** More than anybody writes, and few enough to be checked one by one within a request. */
const MAX_POLICIES = 4096;
/** A person mends this many at a time; the count of the rest is told. */
const MAX_PROBLEMS = 20;

export const cedarv1: Authorizer = {
  type: 'cedarv1',
  configKey: 'cedar',
  validate: (config, cedar) => {
    const decoded = goDecode(config, CEDAR_OPTIONS, 'cedar');
    return config === null
      ? [NO_CONFIG]
      : [
          ...typeProblems(decoded),
          ...policyProblems(config, decoded, cedar),
          ...entityProblems(decoded),
          ...groupTypeProblems(decoded),
        ];
  },
  lint: (config, cedar) => lintCedar(goDecode(config, CEDAR_OPTIONS, 'cedar'), cedar),
  // Not all that validate refuses keeps the proxy from starting: text behind a policy is dropped there, and is here.
  decide: (config, compile) => {
    const decoded = goDecode(config, CEDAR_OPTIONS, 'cedar');
    const problems = [
      ...(config === null ? [NO_CONFIG] : typeProblems(decoded)),
      ...countProblems(config, decoded),
      ...entityProblems(decoded),
      ...groupTypeProblems(decoded),
    ];
    return cedarDecide(decoded, problems, compile);
  },
};

const NO_CONFIG = problem('spec.config', 'ConfigMissing', "cedar configuration is required (missing 'cedar' field)");

function typeProblems({ mismatches }: GoDecoded): readonly Problem[] {
  return mismatches.map(({ path, message }) =>
    problem(`spec.config${path === '' ? '' : `.${path}`}`, 'WrongType', `failed to parse configuration: ${message}`),
  );
}

function countProblems(config: unknown, decoded: GoDecoded): readonly Problem[] {
  const policies = stringsOf(decoded, 'policies');
  if (policies.length === 0) {
    return decoded.mismatches.some(({ path }) => sameKey(path, 'policies')) ? [] : [noPolicies(config)];
  }
  if (policies.length > MAX_POLICIES) {
    return [
      problem(
        'spec.config.policies',
        'TooManyPolicies',
        `There are ${String(policies.length)} policies; this check takes at most ${String(MAX_POLICIES)}. Combine them, or split the config.`,
      ),
    ];
  }
  return [];
}

function policyProblems(config: unknown, decoded: GoDecoded, cedar: Cedar): readonly Problem[] {
  const policies = stringsOf(decoded, 'policies');
  const counted = countProblems(config, decoded);
  if (counted.length > 0) {
    return counted;
  }
  const unreadable = new Set(decoded.mismatches.map(({ path }) => path.toLowerCase()));
  const prepared = policies
    .map((text, index) => preparePolicy(text, `spec.config.policies[${String(index)}]`))
    .filter((_policy, index) => !unreadable.has(`policies[${String(index)}]`));
  const found = prepared.flatMap((policy) => policy.problems);
  const readable = prepared.filter(({ text }) => text !== undefined);
  const texts = readable.map(({ text }) => text ?? '');
  if (cedar.parse(texts) !== undefined) {
    // The joint answer does not tell which policy it is about: look at each, in the order of the list.
    for (const policy of readable) {
      const syntax = parseProblem(policy, cedar);
      if (syntax !== undefined) {
        found.push(syntax);
      }
      if (found.length > MAX_PROBLEMS * 5) {
        break;
      }
    }
  }
  return bounded(found.sort((a, b) => indexOf(a) - indexOf(b)));
}

function indexOf({ path }: Problem): number {
  return Number(/\[(\d+)\]/.exec(path)?.[1] ?? 0);
}

function bounded(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= MAX_PROBLEMS) {
    return problems;
  }
  const rest = `${String(problems.length - MAX_PROBLEMS)} more problems were found in these policies.`;
  return [...problems.slice(0, MAX_PROBLEMS), problem('spec.config.policies', 'MoreProblems', rest)];
}

/** The commonest reason for no policies is the envelope of the proxy's own file, given where its content belongs. */
function noPolicies(config: unknown): Problem {
  const message = 'at least one policy is required for Cedar authorization';
  const nested = ['cedar', 'pdp'].find((key) => isJsonObject(at(config, key)));
  const hint = nested === undefined ? '' : `; spec.config is the content of "${nested}" itself: move it one level up`;
  return problem('spec.config.policies', 'NoPolicies', `${message}${hint}`);
}

function entityProblems(decoded: GoDecoded): readonly Problem[] {
  const { faults } = readEntities(stringOf(decoded, 'entities_json'));
  return bounded(
    faults.map(({ place, message }) =>
      problem(
        'spec.config.entities_json',
        'EntitiesInvalid',
        `failed to parse entities JSON: ${place === '' ? '' : `${place}: `}${message}`,
      ),
    ),
  );
}

const RESERVED = ['true', 'false', 'if', 'then', 'else', 'in', 'like', 'has', 'is', '__cedar'];

const COMMENT = /\/\/[^\n]*\n|\/\*[^]*?\*\//g;
/** Characters; comments in a name are curious enough when they are short. */
const MAX_COMMENTED = 1000;

/** The proxy puts the name into a policy of its own and parses that, so what stands around it does no harm. */
function groupTypeProblems(decoded: GoDecoded): readonly Problem[] {
  const name = stringOf(decoded, 'group_entity_type');
  if (name === '') {
    return [];
  }
  const path = 'spec.config.group_entity_type';
  if (name.includes('::')) {
    return [
      problem(
        path,
        'GroupTypeInvalid',
        `group_entity_type "${name}" contains "::": namespaced entity types are not yet supported`,
      ),
    ];
  }
  const bare = name.length > MAX_COMMENTED ? name : name.replace(COMMENT, ' ');
  const word = bare.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(word) && !RESERVED.includes(word)) {
    return [];
  }
  const why = RESERVED.includes(word)
    ? 'it is a word of the language'
    : 'letters, digits and _ only, not starting with a digit';
  return [problem(path, 'GroupTypeInvalid', `group_entity_type "${name}" is not a valid Cedar identifier: ${why}`)];
}

function problem(path: string, reason: string, message: string): Problem {
  return { path, reason, message };
}
