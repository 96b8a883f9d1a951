import type { Problem } from './analysis.ts';
import type { Cedar } from './cedar.ts';
import type { GoDecoded } from './go-json.ts';

export function lintCedar(_decoded: GoDecoded, _cedar: Cedar): readonly Problem[] {
  return [];
}
