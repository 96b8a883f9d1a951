/** Text by lines, at offsets. */

export interface Lines {
  /** How the file ends its lines. */
  readonly eol: string;
}

export function linesStyle(text: string): Lines {
  const first = text.indexOf('\n');
  return { eol: first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n' };
}

export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** Behind the line break. */
export function lineEnd(text: string, offset: number): number {
  const next = text.indexOf('\n', offset);
  return next < 0 ? text.length : next + 1;
}

/** The lines from `start` to `end`, and the comments that follow, indented deeper than `column`: they belong to it. */
export function ownLines(
  text: string,
  start: number,
  end: number,
  column: number,
): { readonly start: number; readonly end: number } {
  let last = text[end - 1] === '\n' ? end : lineEnd(text, end);
  for (let next = last; next < text.length;) {
    const line = text.slice(next, lineEnd(text, next));
    if (!/^\s*(#|$)/.test(line)) {
      break;
    }
    next += line.length;
    if (indentOf(line) > column && line.trim() !== '') {
      last = next;
    } else if (line.trim() !== '') {
      break;
    }
  }
  return { start: lineStart(text, start), end: last };
}

export function indentOf(line: string): number {
  return /^ */.exec(line)?.[0].length ?? 0;
}

/** Moves lines to the right or left; what is blank stays so, and no character but blanks is lost. */
export function shifted(lines: readonly string[], by: number): readonly string[] {
  return lines.map((line) => {
    if (line.trim() === '' && indentOf(line) + by <= 0) {
      return line.replace(/^ */, '');
    }
    if (line.trim() === '' && indentOf(line) === 0) {
      return line;
    }
    return by >= 0 ? `${' '.repeat(by)}${line}` : line.slice(Math.min(-by, indentOf(line)));
  });
}
