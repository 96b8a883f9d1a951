/** What `--as` says: a caller's claims as JSON, or the name of a file that holds them. */
import { at, isJsonObject } from '../../api/json.ts';
import { readFile, type FileError } from '../documents.ts';
import type { Caller } from './explain.ts';

export function readCallers(given: readonly string[]): {
  readonly callers: readonly Caller[];
  readonly faults: readonly string[];
} {
  const faults: string[] = [];
  const callers = given.flatMap((text, index): readonly Caller[] => {
    const claims = text.trimStart().startsWith('{') ? fromJson(text, faults) : fromFile(text, faults);
    if (claims === undefined) {
      return [];
    }
    if (!isJsonObject(claims)) {
      faults.push(`--as ${text}: claims are a JSON object, e.g. {"sub":"alice"}`);
      return [];
    }
    const subject = at(claims, 'sub');
    return [{ name: typeof subject === 'string' && subject !== '' ? subject : `caller ${String(index + 1)}`, claims }];
  });
  return { callers: distinct(callers), faults };
}

function fromJson(text: string, faults: string[]): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    faults.push(`--as ${text}: it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function fromFile(file: string, faults: string[]): unknown {
  const errors: FileError[] = [];
  const [document] = readFile(file, true, errors);
  faults.push(...errors.map(({ message }) => `--as ${file}: ${message}`));
  if (document === undefined && errors.length === 0) {
    faults.push(`--as ${file}: the file is empty`);
  }
  return document?.value;
}

/** Two callers may have one subject and other groups. */
function distinct(callers: readonly Caller[]): readonly Caller[] {
  return callers.map((caller, index) => {
    const same = callers.slice(0, index).filter(({ name }) => name === caller.name).length;
    return same === 0 ? caller : { ...caller, name: `${caller.name} (${String(same + 1)})` };
  });
}
