/** Reads files and folders of custom rules; a mounted ConfigMap is a folder. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CustomRuleFile } from './documents.ts';

const EXTENSIONS = /\.(?:yaml|yml|json)$/;

/** @throws Error of the file system that names the path. */
export function readRuleFiles(path: string): readonly CustomRuleFile[] {
  if (!statSync(path).isDirectory()) {
    return [{ name: path, text: readFileSync(path, 'utf8') }];
  }
  // The kubelet changes all files of a ConfigMap at once, by pointing this link to another folder.
  const link = join(path, '..data');
  const folder = existsSync(link) ? realpathSync(link) : path;
  return readdirSync(folder)
    .filter((name) => EXTENSIONS.test(name) && !name.startsWith('.'))
    .sort()
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => ({ name: join(path, name), text: readFileSync(join(folder, name), 'utf8') }));
}
