/** Which files are looked at, and their text. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stringAt } from '../../api/json.ts';

export interface SourceFile {
  /** As it is shown: relative to where the command runs, `-` for standard input. */
  readonly name: string;
  readonly text: string;
  /** Named by the user, not met in a folder: what holds nothing of ours is worth a word then. */
  readonly named: boolean;
}

export interface Unreadable {
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

export interface Sources {
  readonly files: readonly SourceFile[];
  readonly unreadable: readonly Unreadable[];
}

export interface SourceOptions {
  /** Files, folders, or `-`. */
  readonly paths: readonly string[];
  readonly recursive: boolean;
  readonly stdin: () => Promise<Buffer>;
}

export const MANIFEST = /\.(ya?ml|json)$/i;

/** What other tools keep beside manifests, and nobody applies. */
const SKIPPED = new Set(['node_modules']);

/** Sorted by name within a folder, so that the same tree gives the same report. */
export async function readSources({ paths, recursive, stdin }: SourceOptions): Promise<Sources> {
  const input = paths.includes('-') ? await stdin() : Buffer.alloc(0);
  const files: SourceFile[] = [];
  const unreadable: Unreadable[] = [];
  const read = (name: string, named: boolean): void => {
    try {
      const isFolder = name !== '-' && statSync(name).isDirectory();
      if (isFolder) {
        filesIn(name, recursive).forEach((file) => {
          read(file, false);
        });
      } else if (!files.some((file) => file.name === name)) {
        files.push({ name, text: decodeUtf8(name === '-' ? input : readFileSync(name)), named });
      }
    } catch (error) {
      unreadable.push({ file: name, message: reason(error) });
    }
  };
  paths.forEach((path) => {
    read(path, true);
  });
  return { files, unreadable };
}

function filesIn(folder: string, recursive: boolean): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !SKIPPED.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        return recursive ? filesIn(path, recursive) : [];
      }
      return MANIFEST.test(entry.name) ? [path] : [];
    });
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('it is not UTF-8 text');
  }
}

function reason(error: unknown): string {
  const code = stringAt(error, 'code');
  if (code === 'ENOENT') {
    return 'there is no such file or folder';
  }
  return code === 'EACCES' ? 'permission denied' : error instanceof Error ? error.message : String(error);
}
