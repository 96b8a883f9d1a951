/** Whether one string of `policies` is one policy that the proxy loads, and whole. */
import type { Problem } from './analysis.ts';
import type { Cedar, CedarMessage } from './cedar.ts';
import { sha256 } from './config-hash.ts';
import { suggest } from '../api/suggest.ts';
import { MAX_NESTING, scanPolicy, type Scan, type ScanFault } from './policy-scan.ts';
import { frameAt, offsetOfByte, positionAt } from './text-frame.ts';

/** What the Cedar module may be given: the scanned text of one policy. */
export interface PreparedPolicy {
  readonly path: string;
  readonly source: string;
  readonly scan: Scan;
  /** Found without the module; if any of them is about the text's form, the module is not asked. */
  readonly problems: readonly Problem[];
  /** Undefined where the module must not see the text. */
  readonly text: string | undefined;
}

export function preparePolicy(given: string, path: string): PreparedPolicy {
  // Half of a surrogate pair is no character; Go reads U+FFFD for it, and the module traps.
  const source = given.toWellFormed();
  const scan = scanPolicy(source);
  const problems = [
    ...scan.faults.map((fault) => faultProblem(fault, source, path)),
    ...formProblems(scan, source, path),
  ];
  const readable = scan.faults.length === 0 && !scan.empty;
  return { path, source, scan, problems, text: readable ? returnsEscaped(scan.text.slice(0, scan.end)) : undefined };
}

/** cedar-go takes a carriage return in a string for itself, the module only its escape. */
function returnsEscaped(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, (token) => token.replaceAll('\r', '\\r'));
}

/** Asks the module; an action type that only cedar-go takes is no problem (it never matches, which lint tells). */
export function parseProblem({ path, source, text }: PreparedPolicy, cedar: Cedar): Problem | undefined {
  const outcome = parse(text, cedar);
  return outcome?.error === undefined ? undefined : syntaxProblem(outcome.error, source, outcome.text, path);
}

/** The text that the module takes for this policy; undefined if there is none. */
export function parseable({ text }: PreparedPolicy, cedar: Cedar): string | undefined {
  const outcome = parse(text, cedar);
  return outcome?.error === undefined ? outcome?.text : undefined;
}

/** The text to be run, or why there is none. Text behind the policy is left out, as the proxy does. */
export function evaluable(
  { path, source, scan, text }: PreparedPolicy,
  cedar: Cedar,
): { readonly text: string } | { readonly problem: Problem } {
  const [fault] = scan.faults;
  if (fault !== undefined) {
    return { problem: faultProblem(fault, source, path) };
  }
  const outcome = parse(text, cedar, 'keep');
  if (outcome === undefined) {
    return {
      problem: { path, reason: 'PolicyUnread', message: 'The policy is empty, or its action is not understood.' },
    };
  }
  return outcome.error === undefined
    ? { text: outcome.text }
    : { problem: syntaxProblem(outcome.error, source, outcome.text, path) };
}

interface ParseOutcome {
  readonly text: string;
  readonly error: CedarMessage | undefined;
}

/** Foreign action types become `Action` where the rest is to be looked at, and keep on matching nothing otherwise. */
function parse(
  text: string | undefined,
  cedar: Cedar,
  foreign: 'replace' | 'keep' = 'replace',
): ParseOutcome | undefined {
  let candidate = text;
  for (let tries = 0; candidate !== undefined && tries < MAX_ACTION_TYPES; tries += 1) {
    const error = cedar.parse([candidate]);
    if (error === undefined || !FOREIGN_ACTION.test(error.message)) {
      return { text: candidate, error };
    }
    candidate = withActionType(candidate, error, foreign);
  }
  return undefined;
}

const FOREIGN_ACTION = /^expected (?:an entity uid|entity uids) with type `Action`/;

/** How many scopes this check mends before it gives up on the policy: there is one. */
const MAX_ACTION_TYPES = 4;

/** Strings, which are left alone, and the type of an entity. */
const ENTITY_TYPE = /"(?:[^"\\]|\\.)*"|([A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)*)\s*::\s*(?=")/g;

/** `Foo::"call_tool"` becomes `Action::"call_tool"`, or `Foo::Action::"call_tool"`, which the module takes as well. */
function withActionType(text: string, { start, end }: CedarMessage, foreign: 'replace' | 'keep'): string {
  const [from, to] = [offsetOfByte(text, start), offsetOfByte(text, end)];
  const scope = text.slice(from, to).replace(ENTITY_TYPE, (token, type: string | undefined) => {
    if (type === undefined || /(?:^|[\s:])Action$/.test(type)) {
      return token;
    }
    return foreign === 'keep' ? `${type}::Action::` : 'Action::';
  });
  return `${text.slice(0, from)}${scope}${text.slice(to)}`;
}

const FAULTS: Readonly<Record<ScanFault['reason'], string>> = {
  TooDeep: `nests deeper than ${String(MAX_NESTING)} levels, which is the limit of this check; the proxy may take more. Simplify it.`,
  TooLong:
    'chains more operators than this check can take (about 2,000); the proxy may take more. Split it, or list entities with "in".',
  UnterminatedString: 'has a string that does not end. Close it with a double quote.',
  LineBreakInString: 'has a line break inside a string, which the proxy does not read. Write \\n.',
  UnterminatedComment: 'has a comment that does not end. Close it with */.',
  StrangeCharacter:
    'has a character that the proxy does not read: NUL, or in a string U+FFFD or _ in an escape. Write \\u{fffd}, \\0, no _.',
  NegativeMember: 'takes a part of a negative number, which the proxy does not read. Put the number into brackets.',
  StrangeSpace:
    'has a space character that the proxy does not read (a no-break space, perhaps). Replace it with a plain space.',
};

function faultProblem({ offset, reason }: ScanFault, source: string, path: string): Problem {
  return problemAt(source, offset, path, `Policy${reason}`, `The policy ${FAULTS[reason]}`);
}

function formProblems({ empty, trailing, faults }: Scan, source: string, path: string): readonly Problem[] {
  if (empty && faults.length === 0) {
    const message = source.trim() === '' ? 'The policy is empty.' : 'The policy is only a comment.';
    return [
      {
        path,
        reason: 'PolicyEmpty',
        message: `${message} Write one, or remove the list item.`,
        subject: subjectOf(source),
      },
    ];
  }
  if (trailing === undefined) {
    return [];
  }
  const another = /^(permit|forbid|@)/.exec(source.slice(trailing));
  const what = another === null ? 'text after its policy' : 'more than one policy';
  return [
    problemAt(
      source,
      trailing,
      path,
      another === null ? 'PolicyTrailingText' : 'PolicySeveral',
      `The string holds ${what}: ToolHive loads only the first and silently drops the rest, a forbid among it. ` +
        'Give each policy a list item of its own.',
    ),
  ];
}

/** Words of the language that a misspelt one is compared with, by what the module was looking for. */
const EFFECTS = ['permit', 'forbid'];
const CONDITIONS = ['when', 'unless'];
const METHODS = [
  'contains',
  'containsAll',
  'containsAny',
  'isEmpty',
  'lessThan',
  'lessThanOrEqual',
  'greaterThan',
  'greaterThanOrEqual',
  'isIpv4',
  'isIpv6',
  'isLoopback',
  'isMulticast',
  'isInRange',
  'hasTag',
  'getTag',
  'offset',
  'durationSince',
  'toDate',
  'toTime',
  'toMilliseconds',
  'toSeconds',
  'toMinutes',
  'toHours',
  'toDays',
];
const FUNCTIONS = ['decimal', 'ip', 'datetime', 'duration'];
const FOREIGN: Readonly<Record<string, string>> = {
  allow: 'permit',
  deny: 'forbid',
  startsWith: 'like "prefix*"',
  endsWith: 'like "*suffix"',
  matches: 'like',
};

function syntaxProblem(error: CedarMessage, source: string, candidate: string, path: string): Problem {
  const offset = Math.min(offsetOfByte(candidate, error.start), source.length);
  const expected = error.label === undefined ? '' : `; ${error.label}`;
  const meant = probablyMeant(error);
  const help = meant === undefined ? error.help : `did you mean ${meant}?`;
  const hint = help === undefined ? '' : ` (${help})`;
  return problemAt(source, offset, path, 'PolicySyntax', `${error.message}${expected}${hint}`);
}

function probablyMeant({ message, help }: CedarMessage): string | undefined {
  const word = /(?:effect|condition): (\w+)|`(\w+)` is not a valid (?:method|function)/.exec(message);
  const found = word?.[1] ?? word?.[2];
  if (found === undefined) {
    return undefined;
  }
  const foreign = FOREIGN[found];
  if (foreign !== undefined) {
    return foreign;
  }
  const words = message.includes('effect')
    ? EFFECTS
    : message.includes('condition')
      ? CONDITIONS
      : message.includes('method')
        ? METHODS
        : FUNCTIONS;
  const near = suggest(found, words);
  return near === undefined || help?.includes('did you mean') === true ? near : `\`${near}\``;
}

function problemAt(source: string, offset: number, path: string, reason: string, sentence: string): Problem {
  const { line, column } = positionAt(source, offset);
  return {
    path,
    reason,
    message: `line ${String(line)}, column ${String(column)}: ${sentence}`,
    detail: frameAt(source, offset),
    subject: subjectOf(source),
  };
}

function subjectOf(source: string): string {
  return sha256(source);
}
