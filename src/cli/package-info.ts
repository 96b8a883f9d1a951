/** What the package says of itself; read at run time, so that there is one place for a version. */
import { readFileSync } from 'node:fs';
import { isJsonObject, stringAt } from '../api/json.ts';

export interface PackageInfo {
  readonly version: string;
  readonly homepage: string;
}

export function packageInfo(): PackageInfo {
  // The same depth below the package in src and in dist.
  const content: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const text = (key: string): string => (isJsonObject(content) ? (stringAt(content, key) ?? '') : '');
  return { version: text('version'), homepage: text('homepage').replace(/#.*$/, '') };
}
