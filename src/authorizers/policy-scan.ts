/**
 * One pass over a policy's text before the Cedar module sees it: what would poison the module is found, what the proxy's
 * parser (cedar-go 1.8) takes and the module does not is smoothed out, what only the module takes is refused.
 * The differences were measured by parsing 45,000 mutated policies with both (docs/adr/0010-two-cedar-parsers.md).
 */

/** A place in the text, in UTF-16 units. */
export interface ScanFault {
  readonly offset: number;
  readonly reason:
    | 'TooDeep'
    | 'TooLong'
    | 'UnterminatedString'
    | 'LineBreakInString'
    | 'UnterminatedComment'
    | 'StrangeSpace'
    | 'StrangeCharacter'
    | 'NegativeMember';
}

export interface Scan {
  /** The same length as the text: comments (the module ends a line elsewhere) and redundant operators are blanks. */
  readonly text: string;
  readonly faults: readonly ScanFault[];
  /** Just behind the first policy's `;`; undefined if there is none. */
  readonly end: number | undefined;
  /** The first thing that is not blank or comment, behind {@link end}. */
  readonly trailing: number | undefined;
  /** True if there is nothing but blanks and comments. */
  readonly empty: boolean;
}

/** Both parsers recurse; the module does not survive it (130 parentheses), so ours is the lower limit. */
export const MAX_NESTING = 64;

/** An if-then-else chain nests without brackets; the module takes about 770. */
const MAX_IFS = 350;

/**
 * Operators in a row nest without brackets, too: the module takes about 3,500 of `||`, `+` or `.`, and traps beyond; 2,800
 * before V8 has optimized it, fewer where the stack is used already. A bracket costs as much as 30 of them, an if as 5
 * (measured alone and together).
 */
const MAX_WEIGHT = 2000;
const BRACKET_WEIGHT = 30;
const IF_WEIGHT = 5;

/** The module takes four of them in a row, cedar-go any number. Each pair is nothing. */
const MAX_UNARY = 4;

const BLANK = /[\t\n\r ]/;
/** Half of an operator that chains, or all of it. */
const CHAINING = /[|&+*.[-]/;
/** Refused by cedar-go inside a string: NUL, what stands for an unreadable character, and _ in an escape's digits. */
const STRANGE_CHARACTER = /[\0\ufffd]|(?<!\\)(?:\\\\)*\\u\{[0-9A-Fa-f]*_/;
/** Words behind which a minus belongs to the number that follows; behind others the module reads none. */
const KEYWORDS = new Set(['if', 'then', 'else', 'in']);
/** White space for the module, an unexpected character for cedar-go. */
const STRANGE_SPACE = /[^\S\t\n\r ]/;

export function scanPolicy(source: string): Scan {
  const faults: ScanFault[] = [];
  const characters: string[] = source.split('');
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i += 1) {
      if (characters[i] !== '\n') {
        characters[i] = ' ';
      }
    }
  };
  let depth = 0;
  let deepest = 0;
  let ifs = 0;
  let operators = 0;
  let end: number | undefined;
  let trailing: number | undefined;
  let empty = true;
  let unary: number[] = [];
  /** What stands before could be the left side of a minus. */
  let operand = false;
  let negative = false;
  /** Where the number starts that stands before, if it is a negative one. */
  let negativeNumber: number | undefined;
  const meet = (offset: number): void => {
    empty = false;
    if (end !== undefined) {
      trailing ??= offset;
    }
  };
  const once = (offset: number, reason: ScanFault['reason']): void => {
    if (!faults.some((fault) => fault.reason === reason)) {
      faults.push({ offset, reason });
    }
  };
  const deepen = (offset: number): void => {
    if (end !== undefined) {
      return;
    }
    deepest = Math.max(deepest, depth);
    if (depth > MAX_NESTING || ifs > MAX_IFS) {
      once(offset, 'TooDeep');
    } else if (operators + Math.min(deepest, MAX_NESTING) * BRACKET_WEIGHT + ifs * IF_WEIGHT > MAX_WEIGHT) {
      once(offset, 'TooLong');
    }
  };
  for (let i = 0; i < source.length; i += 1) {
    const character = source[i] ?? '';
    if (BLANK.test(character)) {
      continue;
    }
    if (character === '/' && (source[i + 1] === '/' || source[i + 1] === '*')) {
      const closed = endOfComment(source, i);
      if (closed === undefined) {
        faults.push({ offset: i, reason: 'UnterminatedComment' });
      } else {
        const comment = source.slice(i, closed);
        if (comment.includes('\0')) {
          once(i + comment.indexOf('\0'), 'StrangeCharacter');
        }
        blank(i, closed);
      }
      i = (closed ?? source.length) - 1;
      continue;
    }
    // Behind the policy it is read as text that is dropped.
    if (STRANGE_SPACE.test(character) && end === undefined) {
      faults.push({ offset: i, reason: 'StrangeSpace' });
      continue;
    }
    meet(i);
    if (character === '\0') {
      once(i, 'StrangeCharacter');
    }
    if (negativeNumber !== undefined && (character === '.' || character === '[') && end === undefined) {
      once(negativeNumber, 'NegativeMember');
    }
    negativeNumber = undefined;
    if (CHAINING.test(character)) {
      operators += character === '|' || character === '&' ? 0.5 : 1;
      deepen(i);
    }
    if (character === '!' || character === '-') {
      negative = character === '-' && !operand;
      operand = false;
      unary = source[unary[0] ?? i] === character ? [...unary, i] : [i];
      if (unary.length > MAX_UNARY) {
        const pair = unary.slice(-2);
        pair.forEach((at) => {
          blank(at, at + 1);
        });
        unary = unary.slice(0, -2);
      }
      continue;
    }
    unary = [];
    if (/[0-9]/.test(character)) {
      const digits = /^[0-9]+/.exec(source.slice(i, i + 64))?.[0] ?? character;
      negativeNumber = negative ? i : undefined;
      i += digits.length - 1;
      operand = true;
      negative = false;
      continue;
    }
    negative = false;
    operand = /[")\]}]/.test(character);
    if (character === '"') {
      const { closed, fault } = endOfString(source, i);
      if (fault !== undefined) {
        faults.push(fault);
      }
      i = closed - 1;
    } else if ('([{'.includes(character)) {
      depth += 1;
      deepen(i);
    } else if (')]}'.includes(character)) {
      depth -= 1;
    } else if (character === ';' && depth <= 0) {
      end ??= i + 1;
      ifs = 0;
    } else if (/[A-Za-z_]/.test(character)) {
      const word = /^\w+/.exec(source.slice(i, i + 64))?.[0] ?? character;
      if (word === 'if') {
        ifs += 1;
        deepen(i);
      }
      i += word.length - 1;
      operand = !KEYWORDS.has(word);
    }
  }
  return { text: characters.join(''), faults, end, trailing, empty };
}

function endOfComment(source: string, start: number): number | undefined {
  if (source[start + 1] === '/') {
    const line = source.indexOf('\n', start);
    return line < 0 ? source.length : line;
  }
  const close = source.indexOf('*/', start + 2);
  return close < 0 ? undefined : close + 2;
}

function endOfString(source: string, start: number): { readonly closed: number; readonly fault?: ScanFault } {
  for (let i = start + 1; i < source.length; i += 1) {
    const character = source[i];
    if (character === '"') {
      const strange = source.slice(start, i).search(STRANGE_CHARACTER);
      return strange < 0
        ? { closed: i + 1 }
        : { closed: i + 1, fault: { offset: start + strange, reason: 'StrangeCharacter' } };
    }
    if (character === '\n') {
      return { closed: i, fault: { offset: start, reason: 'LineBreakInString' } };
    }
    if (character === '\\') {
      i += 1;
    }
  }
  return { closed: source.length, fault: { offset: start, reason: 'UnterminatedString' } };
}
