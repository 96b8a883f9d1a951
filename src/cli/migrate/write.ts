/** Files changed so that nobody ever reads half of one. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FileChange } from './edits.ts';

/** Every new text lies on the disk before the first file is replaced. @throws where one cannot be written. */
export function writeChanges(changes: readonly FileChange[]): void {
  const staged: { readonly from: string; readonly to: string }[] = [];
  try {
    for (const change of changes) {
      const to = change.before === undefined ? change.file : realpathSync(change.file);
      assertUntouched(change, to);
      const from = join(dirname(to), `.${basename(to)}.mcp-authz-${String(process.pid)}`);
      staged.push({ from, to });
      stage(from, change.after, change.before === undefined ? undefined : statSync(to).mode);
    }
    staged.forEach(({ from, to }) => {
      renameSync(from, to);
    });
  } finally {
    staged.forEach(({ from }) => {
      rmSync(from, { force: true });
    });
  }
}

function assertUntouched({ file, before }: FileChange, path: string): void {
  if (before === undefined) {
    if (existsSync(path)) {
      throw new Error(`${file} is there already, and would be overwritten`);
    }
  } else if (readFileSync(path, 'utf8') !== before) {
    throw new Error(`${file} was changed while it was looked at: run this again`);
  }
}

function stage(path: string, text: string, mode: number | undefined): void {
  const file = openSync(path, 'wx', 0o666);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) {
      written += writeSync(file, bytes, written);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (mode !== undefined) {
    chmodSync(path, mode);
  }
}
