/** Replaced parts of a text as a unified diff, as `git apply` and `patch` read it. */

export interface Edit {
  /** Offsets into the text before. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** `edits` do not overlap; those at the same place keep their order. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let from = 0;
  for (const { start, end, text: replacement } of inOrder(edits)) {
    result += text.slice(from, start) + replacement;
    from = end;
  }
  return result + text.slice(from);
}

function inOrder(edits: readonly Edit[]): readonly Edit[] {
  return [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
}

interface Change {
  /** Lines of the text before, [from, to). */
  readonly from: number;
  readonly to: number;
  readonly added: readonly string[];
}

const CONTEXT = 3;

export function unifiedDiff(file: string, text: string, edits: readonly Edit[]): string {
  const lines = linesOf(text);
  const changes = changesOf(inOrder(edits), text, lines);
  const hunks: string[] = [];
  let shift = 0;
  for (let first = 0; first < changes.length;) {
    let last = first;
    while (last + 1 < changes.length && (changes[last + 1]?.from ?? 0) - (changes[last]?.to ?? 0) <= 2 * CONTEXT) {
      last += 1;
    }
    const part = changes.slice(first, last + 1);
    hunks.push(hunk(part, lines, shift));
    shift += part.reduce((sum, { from, to, added }) => sum + added.length - (to - from), 0);
    first = last + 1;
  }
  return hunks.length === 0 ? '' : `--- ${name('a', file)}\n+++ ${name('b', file)}\n${hunks.join('')}`;
}

/** A file that is not there yet. */
export function additionDiff(file: string, text: string): string {
  const added = linesOf(text);
  return `--- /dev/null\n+++ ${name('b', file)}\n@@ -0,0 +1,${String(added.length)} @@\n${added.map((line) => marked('+', line)).join('')}`;
}

function name(side: string, file: string): string {
  const path = `${side}/${file.replace(/^\.?\/+/, '')}`;
  // GNU patch ends a name at the first blank, and takes one in quotes.
  return /[\s"\\]/.test(path) ? JSON.stringify(path) : path;
}

/** With their ends; the last one may have none. */
export function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly edits: readonly Edit[];
}

/** Edits widened to whole lines; those that share a line become one. */
function changesOf(edits: readonly Edit[], text: string, lines: readonly string[]): readonly Change[] {
  const spans: Span[] = [];
  for (const edit of edits) {
    const { start, end } = wholeLines(edit, text);
    const last = spans.at(-1);
    if (last !== undefined && start < last.end) {
      spans[spans.length - 1] = { start: last.start, end: Math.max(last.end, end), edits: [...last.edits, edit] };
    } else {
      spans.push({ start, end, edits: [edit] });
    }
  }
  const lineAt = new Map<number, number>();
  let offset = 0;
  lines.forEach((line, index) => {
    lineAt.set(offset, index);
    offset += line.length;
  });
  return spans
    .map(({ start, end, edits: within }): Change => {
      const moved = within.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
      const [from, to] = [lineAt.get(start) ?? lines.length, lineAt.get(end) ?? lines.length];
      return trimmed({ from, to, added: linesOf(applyEdits(text.slice(start, end), moved)) }, lines);
    })
    .filter(({ from, to, added }) => from !== to || added.length > 0);
}

function wholeLines({ start, end }: Edit, text: string): { readonly start: number; readonly end: number } {
  const first = start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1;
  if (end === first || text[end - 1] === '\n') {
    return { start: first, end };
  }
  const next = text.indexOf('\n', end);
  return { start: first, end: next < 0 ? text.length : next + 1 };
}

/** Without the lines at both ends that are the same before and after. */
function trimmed({ from, to, added }: Change, lines: readonly string[]): Change {
  let head = 0;
  while (from + head < to && head < added.length && lines[from + head] === added[head]) {
    head += 1;
  }
  let tail = 0;
  while (from + head < to - tail && head < added.length - tail && lines[to - 1 - tail] === added.at(-1 - tail)) {
    tail += 1;
  }
  return { from: from + head, to: to - tail, added: added.slice(head, added.length - tail) };
}

function hunk(changes: readonly Change[], lines: readonly string[], shift: number): string {
  const start = Math.max(0, (changes[0]?.from ?? 0) - CONTEXT);
  const end = Math.min(lines.length, (changes.at(-1)?.to ?? 0) + CONTEXT);
  const body: string[] = [];
  let at = start;
  for (const { from, to, added } of changes) {
    body.push(...lines.slice(at, from).map((line) => marked(' ', line)));
    body.push(...lines.slice(from, to).map((line) => marked('-', line)));
    body.push(...added.map((line) => marked('+', line)));
    at = to;
  }
  body.push(...lines.slice(at, end).map((line) => marked(' ', line)));
  const grown = changes.reduce((sum, { from, to, added }) => sum + added.length - (to - from), 0);
  const [before, after] = [end - start, end - start + grown];
  return `@@ -${range(start, before)} +${range(start + shift, after)} @@\n${body.join('')}`;
}

/** Lines count from 1; an empty range names the line before it. */
function range(start: number, count: number): string {
  return `${String(count === 0 ? start : start + 1)},${String(count)}`;
}

function marked(sign: string, line: string): string {
  return line.endsWith('\n') ? `${sign}${line}` : `${sign}${line}\n\\ No newline at end of file\n`;
}
