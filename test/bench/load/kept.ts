/**
 * Connections that stay open from one load to the next, as those of an API server do. Opened anew for each, they would have
 * V8 compile again in every round what serves sockets, and that would be measured (docs/adr/0025-own-load-generator.md).
 */
import { openConnection, type Connection, type Listener } from './connection.ts';
import type { Target } from './task.ts';
import { within } from './within.ts';

const resting = new Map<number, readonly Connection[]>();

/** So many, all open. @throws Error where the server does not open them in time. */
export async function takeConnections(
  count: number,
  { port, ca }: Target,
  listener: Listener,
): Promise<readonly Connection[]> {
  const usable = (resting.get(port) ?? []).filter((connection) => !connection.over());
  const kept = usable.slice(0, count);
  resting.set(port, usable.slice(count));
  kept.forEach((connection) => {
    connection.tell(listener);
  });
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let missing = count - kept.length;
  const opening: Listener = {
    ...listener,
    opened: () => {
      missing -= 1;
      if (missing === 0) {
        resolve(undefined);
      }
    },
  };
  const fresh = Array.from({ length: missing }, () => openConnection({ port, ca, listener: opening }));
  const all = [...kept, ...fresh];
  try {
    await (missing === 0 ? undefined : within(promise));
  } catch (error) {
    all.forEach((connection) => {
      connection.close();
    });
    throw error;
  }
  fresh.forEach((connection) => {
    connection.tell(listener);
  });
  return all;
}

/** What still waits for an answer is closed: it would come while something else is measured. */
export function restConnections({ port }: Target, connections: readonly Connection[]): void {
  for (const connection of connections) {
    connection.tell(undefined);
    if (!connection.free()) {
      connection.close();
    }
  }
  resting.set(
    port,
    [...(resting.get(port) ?? []), ...connections].filter((connection) => !connection.over()),
  );
}

export function closeResting(): void {
  [...resting.values()].flat().forEach((connection) => {
    connection.close();
  });
  resting.clear();
}
