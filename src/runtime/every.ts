/** Calls again and again without keeping the process alive; the answer ends that. */
export function every(milliseconds: number, run: () => void): () => void {
  const timer = setInterval(run, milliseconds);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
