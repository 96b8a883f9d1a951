/** Waits for a condition, looking every few milliseconds. @throws Error naming what did not happen in time. */
export async function until(what: string, condition: () => boolean, withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${String(withinMs / 1000)} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
