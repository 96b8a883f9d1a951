/**
 * Little memory while few requests come, speed while many do (docs/adr/0040-memory-while-it-is-quiet.md,
 * docs/adr/0041-compilers.md, docs/adr/0043-a-first-pass.md).
 *
 * V8 has a mode for each, and means it to be changed while a program runs: a browser does so for every page. In the one
 * for memory it collects earlier, and gives back what is left over once nothing happens; a request costs half as much
 * again there.
 */
import { setFlagsFromString } from 'node:v8';
import { every } from './every.ts';

export interface MemorySaver {
  /** The start is over, which is faster with every compiler. */
  started(): void;
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
/** Node 24's; the one before does not know the mode, and says so on the standard error. */
const FIRST_V8 = 13;

/**
 * For good, since threads that begin without this compiler would have to be given it. It is the one between V8's compiler for
 * a start and the one for what is hot: a start takes a tenth longer without it; later it brings nothing that could be
 * measured, and takes 13 MiB.
 */
const STARTED = '--no-maglev';
/** While memory is saved, and otherwise. */
const FLAGS = [
  ['--memory-saver-mode', '--no-memory-saver-mode'],
  /**
   * How much more room young objects get each time that many of them stay: none, or twice as much. What has stayed is
   * collected with what is old, which the mode does often; the room would be kept, and garbage in it, until it is quiet.
   */
  ['--semi-space-growth-factor=1', '--semi-space-growth-factor=2'],
  /**
   * What V8 collects when little has happened for seconds: with the shapes of objects of which none happens to be there, or
   * without. Code that was compiled for requests is compiled for their shapes, and would be compiled again after every pause.
   */
  ['--memory-reducer-favors-memory', '--no-memory-reducer-favors-memory'],
  /**
   * WebAssembly that is loaded from now on (the Cedar module, by every analyzer thread) is compiled once and quickly, not a
   * second time where it is hot: for that V8 takes up to 25 MiB, just when a new leader looks at everything.
   */
  ['--no-wasm-tier-up', '--wasm-tier-up'],
  ['--no-wasm-dynamic-tiering', '--wasm-dynamic-tiering'],
] as const;

export function createMemorySaver({
  repeat = every,
  setFlag = setFlagsFromString,
  v8Version = process.versions.v8,
}: MemorySaverDeps = {}): MemorySaver {
  if (Number.parseInt(v8Version, 10) < FIRST_V8) {
    return { started: () => undefined, requested: () => undefined, stop: () => undefined };
  }
  let requests = 0;
  let quietFor = 0;
  let saving = false;
  const save = (wanted: boolean): void => {
    if (wanted !== saving) {
      saving = wanted;
      for (const [whileSaving, otherwise] of FLAGS) {
        setFlag(wanted ? whileSaving : otherwise);
      }
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
    started: () => {
      setFlag(STARTED);
    },
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
