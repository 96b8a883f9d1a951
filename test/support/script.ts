/** A module of a few lines in a Node of its own, because what is loaded, or set in V8, stays for as long as a process runs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** For `import` in a script. `path` is below `src`. */
export function sourceUrl(path: string): string {
  return pathToFileURL(join(import.meta.dirname, '../../src', path)).href;
}

/** What it wrote to standard output. It must end well and write nothing to standard error. */
export function runScript(script: string): string {
  // Node sees by itself that it is a module: threads would inherit `--input-type`, which files are not started with.
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', '--eval', script], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}
