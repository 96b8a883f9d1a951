/** Attributes as the Cedar validator names them: `claim_a.b`, and where a name is no identifier `["claim a"].b`. */

/** Which attribute the validator says to be read although it may not be there. */
export function unguardedPath(message: string): string | undefined {
  return /access to optional attribute `(.+?)`(?: on entity type | in context |$)/.exec(message)?.[1];
}

/** Without brackets and quotes where it is one name. */
export function pathInWords(path: string): string {
  return /^\["((?:[^"\\]|\\.)*)"\]$/.exec(path)?.[1] ?? path;
}

const IDENTIFIERS = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
const LAST_NAME = /^(.*?)(?:\.(\w+)|\[("(?:[^"\\]|\\.)*")\])$/;

/** What to ask before reading it of `owner`: only a path of identifiers can be asked for at once. */
export function guardOf(owner: string, path: string): string {
  const [, before = '', identifier, quoted] = IDENTIFIERS.test(path) ? [] : (LAST_NAME.exec(path) ?? []);
  const dot = before === '' || before.startsWith('[') ? '' : '.';
  return `${owner}${dot}${before} has ${identifier ?? quoted ?? path}`;
}

/** Whether asking for `asked`, as it is written behind `has`, asks for the attribute at `path`. */
export function asksFor(asked: string, path: string): boolean {
  return asked === path || `[${asked}]` === path || asked.startsWith(`${path}.`);
}
