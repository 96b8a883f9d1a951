// What somebody gets who installs the package: the entries of the lock file that are not for development alone.
import { readFileSync } from 'node:fs';

export const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));

/** By their place in node_modules. */
export const runtimePackages = Object.fromEntries(
  Object.entries(lock.packages).filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional),
);
