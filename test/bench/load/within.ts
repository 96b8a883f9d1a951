/** After the last request was due, or the time was up. */
export const PATIENCE_MS = 5000;

/** @throws Error where it takes longer than `ms`. */
export async function within(awaited: Promise<undefined>, ms: number = PATIENCE_MS): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`the server did not keep up: no end within ${String(ms / 1000)} s`));
  }, ms);
  try {
    await Promise.race([awaited, promise]);
  } finally {
    clearTimeout(timer);
  }
}
