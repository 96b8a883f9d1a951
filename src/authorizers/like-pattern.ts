/** The pattern of `like`: text, and `*` for any text. Found from left to right, so it takes no more than one pass each. */
import { stringAt } from '../api/json.ts';

/** `pattern` in Cedar's JSON form: `"Wildcard"` and `{"Literal": "…"}`. */
export function likePattern(pattern: unknown): (text: string) => boolean {
  const chunks = [''];
  for (const part of Array.isArray(pattern) ? (pattern as readonly unknown[]) : []) {
    if (part === 'Wildcard') {
      chunks.push('');
    } else {
      chunks.push(`${chunks.pop() ?? ''}${stringAt(part, 'Literal') ?? ''}`);
    }
  }
  const [first = '', ...rest] = chunks;
  const last = rest.pop();
  if (last === undefined) {
    return (text) => text === first;
  }
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) {
      return false;
    }
    let from = first.length;
    for (const chunk of rest) {
      const found = text.indexOf(chunk, from);
      if (found < 0) {
        return false;
      }
      from = found + chunk.length;
    }
    return from <= text.length - last.length;
  };
}
