/** What package-lock.json says, as far as tests ask it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

/** By their place below node_modules. */
export const LOCKED = Object.entries(packages).flatMap(([path, entry]) =>
  path === '' ? [] : [[path.replace(/^node_modules\//, ''), entry] as const],
);

/** What somebody gets who installs the package. */
export const RUNTIME = LOCKED.filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true);

/** `a/node_modules/b` as `b`. */
export function nameOf(path: string): string {
  return path.split('node_modules/').at(-1) ?? path;
}
