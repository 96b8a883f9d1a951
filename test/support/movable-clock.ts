/**
 * A wall clock that can be moved while the process runs: preloaded into `serve` (NODE_OPTIONS=--import), it adds to every
 * Date the milliseconds that the file named by MOVED_CLOCK holds, read again at SIGUSR2. Timers and the monotonic clock
 * stay true, as they do where somebody sets the time of a machine.
 */
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const RealDate = Date;
const file = process.env['MOVED_CLOCK'] ?? '';
let moved = 0;

function look(): void {
  moved = Number(readFileSync(file, 'utf8'));
}

const now = (): number => RealDate.now() + moved;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: readonly unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
  apply: () => new RealDate(now()).toString(),
  get: (target, property, receiver) =>
    property === 'now' ? now : (Reflect.get(target, property, receiver) as unknown),
});
look();
if (isMainThread) {
  process.on('SIGUSR2', look);
}
