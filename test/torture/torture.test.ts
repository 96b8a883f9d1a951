/** The short form of `npm run torture`. The seed of a failure is in its message: `npm run torture -- fuzz --seed …`. */
import { fuzz } from './fuzz.ts';
import { overload } from './overload.ts';
import { shortForm, type Section } from './section.ts';
import { sockets } from './sockets.ts';

const SEED = Math.floor(Math.random() * 0x7fffffff);
const SECTIONS: readonly (readonly [string, Section])[] = [
  ['random and mutated requests', fuzz],
  ['callers that do not behave', sockets],
  ['four times too much', overload],
];

it.each(SECTIONS)(
  '%s: what is promised holds',
  async (_title, section) => {
    const { figures, failures } = await section({ ...shortForm, seed: SEED, progress: () => undefined });
    expect({ seed: SEED, figures, failures }).toEqual({ seed: SEED, figures, failures: [] });
  },
  600_000,
);
