/** Calls back once after each burst of changes of the paths: files, or folders with manifests. */
import { statSync, watch } from 'node:fs';
import { MANIFEST } from '../check/source.ts';

export interface Watching {
  close(): void;
}

/** Milliseconds without another change. An editor writes a file in several steps. */
const QUIET = 100;

export function watchPaths(paths: readonly string[], onChange: () => void, quiet: number = QUIET): Watching {
  let timer: NodeJS.Timeout | undefined;
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, quiet);
  };
  const watchers = paths.map((path) => {
    const isFolder = statSync(path).isDirectory();
    // A report that is written beside the tests must not run them again, without end.
    const seen = (_event: string, name: string | null): void => {
      if (!isFolder || name === null || MANIFEST.test(name)) {
        changed();
      }
    };
    return watch(path, { recursive: true }, seen).on('error', changed);
  });
  return {
    close: () => {
      clearTimeout(timer);
      watchers.forEach((watcher) => {
        watcher.close();
      });
    },
  };
}
