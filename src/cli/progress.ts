/** A line that tells how far something is, once it takes longer than a person waits without wondering. */
export interface Progress {
  readonly step: (done: number, total: number) => void;
  /** Takes the line away. */
  readonly done: () => void;
}

export interface ProgressOptions {
  /** Standard error: the line must not mix with the output. */
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}

const PATIENCE_MS = 2000;
const INTERVAL_MS = 200;

export function createProgress(what: string, { write, isTerminal }: ProgressOptions): Progress {
  const start = performance.now();
  let last = start;
  let shown = false;
  return {
    step: (done, total) => {
      const now = performance.now();
      if (!isTerminal || now - start < PATIENCE_MS || now - last < INTERVAL_MS) {
        return;
      }
      last = now;
      shown = true;
      write(`\r${what}: ${String(done)} of ${String(total)}`);
    },
    done: () => {
      if (shown) {
        shown = false;
        write('\r\u001b[K');
      }
    },
  };
}
