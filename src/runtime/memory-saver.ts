/**
 * Little memory while few requests come, speed while many do (docs/adr/0040-memory-while-it-is-quiet.md).
 *
 * V8 has a mode for each, and means it to be changed while a program runs: a browser does so for every page. In the one
 * for memory it collects earlier, and gives back what is left over once nothing happens; a request costs half as much
 * again there.
 */
import { setFlagsFromString } from 'node:v8';
import { every } from './every.ts';

export interface MemorySaver {
  /** One more request has come. */
  requested(): void;
  /** Ends the counting, with the mode off. */
  stop(): void;
}

export interface MemorySaverDeps {
  readonly repeat?: typeof every;
  readonly setFlag?: (flag: string) => void;
  /** As in `process.versions`. */
  readonly v8Version?: string;
}

const SECOND = 1000;
/** Requests within a second. */
const MANY = 50;
/** Seconds with fewer until it is about memory again. */
const QUIET = 60;
/** Node 24's; the one before does not know the flag, and says so on the standard error. */
const FIRST_V8 = 13;

export function createMemorySaver({
  repeat = every,
  setFlag = setFlagsFromString,
  v8Version = process.versions.v8,
}: MemorySaverDeps = {}): MemorySaver {
  if (Number.parseInt(v8Version, 10) < FIRST_V8) {
    return { requested: () => undefined, stop: () => undefined };
  }
  let requests = 0;
  let quietFor = 0;
  let saving = false;
  const save = (wanted: boolean): void => {
    if (wanted !== saving) {
      saving = wanted;
      setFlag(wanted ? '--memory-saver-mode' : '--no-memory-saver-mode');
    }
  };
  save(true);
  const stop = repeat(SECOND, () => {
    quietFor = requests < MANY ? quietFor + 1 : 0;
    requests = 0;
    if (quietFor >= QUIET) {
      save(true);
    }
  });
  return {
    requested: () => {
      requests += 1;
      if (requests === MANY) {
        save(false); // now, not when the second is over
      }
    },
    stop: () => {
      stop();
      save(false);
    },
  };
}
