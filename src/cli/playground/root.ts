import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout that this runs from; the playground builds and reads things that an installed package does not hold. */
export function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!isRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error('the playground needs a checkout of mcp-authz-webhook: run it there with "npm start"');
    }
    folder = parent;
  }
  return folder;
}

function isRoot(folder: string): boolean {
  const file = join(folder, 'package.json');
  return existsSync(file) && readFileSync(file, 'utf8').includes('"name": "mcp-authz-webhook"');
}
