/** Calls back once after each burst of changes below the paths. */
import { watch } from 'node:fs';

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
  const watchers = paths.map((path) => watch(path, { recursive: true }, changed).on('error', changed));
  return {
    close: () => {
      clearTimeout(timer);
      watchers.forEach((watcher) => {
        watcher.close();
      });
    },
  };
}
