/** YAML and JSON files as documents, each with the means to tell on which line a part of it stands. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isNode, LineCounter, type Document } from 'yaml';
import { stringAt } from '../api/json.ts';
import { kubectlDocuments } from '../yaml/kubectl-documents.ts';
import { nodeValue } from '../yaml/node-value.ts';

export interface FileDocument {
  readonly file: string;
  readonly value: unknown;
  /** 1-based; of the nearest part around it, where there is none at the path. */
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

export interface FileError {
  readonly file: string;
  readonly line: number | undefined;
  readonly message: string;
}

export interface Documents {
  readonly documents: readonly FileDocument[];
  readonly errors: readonly FileError[];
}

/** Kinds that are looked for: a file that cannot be read and names none of them is somebody else's. */
const KINDS = /\b(?:MCPAuthzConfig|DecisionTest)\b/;

/** Bytes; what kubectl would take is smaller. */
const MAX_FILE = 8 * 1024 * 1024;

/** `paths` are files, or folders that are searched for .yaml, .yml and .json. */
export function readDocuments(paths: readonly string[]): Documents {
  const errors: FileError[] = [];
  const documents = paths.flatMap((path) => {
    try {
      const given = statSync(path).isDirectory() ? undefined : path;
      return given === undefined
        ? manifestsIn(path).flatMap((file) => readFile(file, false, errors))
        : readFile(given, true, errors);
    } catch (error) {
      errors.push({ file: path, line: undefined, message: reasonOf(error) });
      return [];
    }
  });
  return { documents, errors };
}

/** `wanted` where a person named the file: then all of it has to be readable. */
export function readFile(file: string, wanted: boolean, errors: FileError[]): readonly FileDocument[] {
  try {
    if (statSync(file).size > MAX_FILE) {
      throw new Error(`the file is larger than ${String(MAX_FILE)} bytes`);
    }
    const text = readFileSync(file, 'utf8');
    return wanted || KINDS.test(text) ? parse(file, text, errors) : [];
  } catch (error) {
    errors.push({ file, line: undefined, message: reasonOf(error) });
    return [];
  }
}

/** Sorted, so that the same folder gives the same report. */
function manifestsIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') {
        return [];
      }
      const path = join(folder, entry.name);
      return entry.isDirectory() ? manifestsIn(path) : /\.(?:ya?ml|json)$/i.test(entry.name) ? [path] : [];
    });
}

function parse(file: string, text: string, errors: FileError[]): readonly FileDocument[] {
  const lines = new LineCounter();
  return kubectlDocuments(text, lines).flatMap((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) {
      const [message = ''] = fault.message.split('\n');
      errors.push({ file, line: lines.linePos(fault.pos[0]).line, message: message.replace(/ at line \d+.*$/, '') });
      return [];
    }
    try {
      return documentOf(file, document, lines, errors);
    } catch (error) {
      errors.push({ file, line: 1, message: reasonOf(error) });
      return [];
    }
  });
}

function documentOf(
  file: string,
  document: Document,
  lines: LineCounter,
  errors: FileError[],
): readonly FileDocument[] {
  if (document.contents === null) {
    return [];
  }
  const { value, repeated } = nodeValue(document.contents, document, { markFractions: false });
  const [twice] = repeated;
  if (twice !== undefined) {
    errors.push({ file, line: lines.linePos(twice.offset).line, message: `the key "${twice.key}" is given twice` });
    return [];
  }
  return value === null ? [] : [{ file, value, lineOf: (path) => lineOf(document, path, lines) }];
}

function lineOf(document: Document, path: readonly (string | number)[], lines: LineCounter): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const start = isNode(node) ? node.range?.[0] : undefined;
    if (start !== undefined) {
      return lines.linePos(start).line;
    }
  }
  return 1;
}

function reasonOf(error: unknown): string {
  return stringAt(error, 'message') ?? String(error);
}
