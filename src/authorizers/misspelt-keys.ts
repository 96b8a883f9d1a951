import type { Problem } from './analysis.ts';
import { sameKey, type GoDecoded, type GoStruct } from './go-json.ts';
import { suggest } from '../api/suggest.ts';

/** Keys that Go's reader passes over without a word, or reads for a field that has its key already. */
export function misspeltKeys({ ignored, repeated }: GoDecoded, type: GoStruct): readonly Problem[] {
  return [...ignoredKeys(ignored, type), ...repeated.map(repeatedKey)];
}

function repeatedKey(path: string): Problem {
  return {
    path: `spec.config.${path}`,
    reason: 'RepeatedKey',
    message:
      `Another key is read for the same field as "${path.split('.').at(-1) ?? ''}", because capitals make no difference: ` +
      'the later one counts, and the API server puts them into another order. Keep one.',
  };
}

function ignoredKeys(ignored: readonly string[], type: GoStruct): readonly Problem[] {
  return ignored.map((path) => {
    const names = path.split('.');
    const key = names.at(-1) ?? '';
    const near = suggest(key, Object.keys(structAt(type, names).fields));
    const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
    return {
      path: `spec.config.${path}`,
      reason: 'UnknownKey',
      message: `The key "${key}" is not read: it has no effect at run time.${hint}`,
    };
  });
}

/** The innermost struct on the way; a key that is not read leads nowhere. */
function structAt(type: GoStruct, names: readonly string[]): GoStruct {
  return names.reduce((current, name) => {
    const field = Object.entries(current.fields).find(([known]) => sameKey(known, name))?.[1];
    return field?.kind === 'struct' ? field : current;
  }, type);
}
