import type { Problem } from './analysis.ts';
import type { GoStruct } from './go-json.ts';
import { suggest } from '../api/suggest.ts';

/** Keys that Go's reader passes over without a word. `ignored` are paths within the config, as goDecode tells them. */
export function misspeltKeys(ignored: readonly string[], type: GoStruct): readonly Problem[] {
  return ignored.map((path) => {
    const names = path.split('.');
    const key = names.at(-1) ?? '';
    const near = suggest(key, Object.keys(structAt(type, names.slice(0, -1)).fields));
    const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
    return {
      path: `spec.config.${path}`,
      reason: 'UnknownKey',
      message: `The key "${key}" is not read: it has no effect at run time.${hint}`,
    };
  });
}

function structAt(type: GoStruct, names: readonly string[]): GoStruct {
  return names.reduce((current, name) => {
    const field = Object.entries(current.fields).find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
    return field?.kind === 'struct' ? field : current;
  }, type);
}
