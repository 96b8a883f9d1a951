/** The load program: one task at a time by message, one answer each. */
import { closeResting } from './kept.ts';
import { runLoad } from './run.ts';
import type { LoadTask } from './task.ts';

process.on('message', (task: LoadTask) => {
  void runLoad(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
// The end of whoever asks is the end of this.
process.on('disconnect', () => {
  closeResting();
  process.exitCode = 0;
});
