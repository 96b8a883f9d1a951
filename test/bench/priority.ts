/** A higher priority for us and whatever we start, so that others on the machine disturb less. Only root may. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const NICE = -15;
/** Linux shares time between sessions first, and by niceness only within one (sched(7), autogroup). */
const AUTOGROUP = '/proc/self/autogroup';

export function preferUs(): void {
  try {
    setPriority(NICE);
    if (existsSync(AUTOGROUP)) {
      const before = / nice (-?\d+)/.exec(readFileSync(AUTOGROUP, 'utf8'))?.[1] ?? '0';
      writeFileSync(AUTOGROUP, String(NICE));
      // The session is that of whoever called us, and goes on.
      process.once('exit', () => {
        writeFileSync(AUTOGROUP, before);
      });
    }
  } catch {
    // The ratios hold all the same.
  }
}
