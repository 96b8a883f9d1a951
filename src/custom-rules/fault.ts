/** What is wrong with a file of custom rules, and where. */
import { caret } from '../cel/cel-error.ts';

export interface CustomRuleFault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** One sentence, with the field it is about. */
  readonly message: string;
  /** The line and, below it, a caret. */
  readonly excerpt: string;
}

/** A text and the faults found in it; positions are indexes into the text. */
export interface Source {
  readonly file: string;
  readonly text: string;
  fault(offset: number, message: string): void;
}

export function sourceOf(file: string, text: string, faults: CustomRuleFault[]): Source {
  return {
    file,
    text,
    fault: (offset, message) => {
      const before = text.slice(0, offset);
      const start = before.lastIndexOf('\n') + 1;
      const column = offset - start + 1;
      const line = text.slice(start).split(/\r?\n/, 1).join('');
      faults.push({ file, line: before.split('\n').length, column, message, excerpt: caret(line, column) });
    },
  };
}

/** `rules.yaml:7:19: message`, and the excerpt below. */
export function renderFault({ file, line, column, message, excerpt }: CustomRuleFault): string {
  return `${file}:${String(line)}:${String(column)}: ${message}${excerpt === '' ? '' : `\n${excerpt}`}`;
}

export function compareFaults(left: CustomRuleFault, right: CustomRuleFault): number {
  return left.file === right.file
    ? left.line - right.line || left.column - right.column
    : left.file < right.file
      ? -1
      : 1;
}
