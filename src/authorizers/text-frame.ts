/** Where in a text something is, for people: line, column, and the line with a caret. */

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters as an editor counts them. */
  readonly column: number;
}

/** `offset` in UTF-16 units. */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: Array.from(before.slice(before.lastIndexOf('\n') + 1)).length + 1 };
}

/** The Cedar module counts UTF-8 bytes. */
export function offsetOfByte(text: string, byte: number): number {
  return Buffer.from(text).subarray(0, byte).toString('utf8').length;
}

const WIDTH = 100;

/** The line around `offset`, at most a hundred characters of it, and a caret below. Tabs keep the caret in place. */
export function frameAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const stop = text.indexOf('\n', offset);
  const line = text.slice(start, stop < 0 ? undefined : stop).replace(/\r$/, '');
  const column = offset - start;
  const from = Math.max(0, Math.min(column - WIDTH / 2, line.length - WIDTH));
  const shown = line.slice(from, from + WIDTH);
  const [left, right] = [from > 0 ? '…' : '', from + WIDTH < line.length ? '…' : ''];
  const indent = `${left}${shown.slice(0, column - from)}`.replace(/[^\t]/g, ' ');
  return `${left}${shown}${right}\n${indent}^`;
}
