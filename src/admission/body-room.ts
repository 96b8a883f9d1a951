/**
 * Bytes of bodies that have begun to come and are not complete. The API server sends a body at once; whoever takes long
 * over it holds memory meanwhile. Where there is no room, the oldest of them goes, which is hardly ever an honest one.
 */

export interface BodyRoom {
  /** `dropped` is called where the room is needed by others. */
  open(dropped: () => void): OpenBody;
}

export interface OpenBody {
  received(bytes: number): void;
  /** The body is complete, or given up. */
  close(): void;
}

/** Eight bodies of the largest size. */
const ROOM = 64 * 1024 * 1024;

export function createBodyRoom(limit: number = ROOM): BodyRoom {
  // A Set keeps the order of insertion: its first is the oldest.
  const bodies = new Set<{ bytes: number; readonly dropped: () => void }>();
  let total = 0;
  return {
    open: (dropped) => {
      const body = { bytes: 0, dropped };
      bodies.add(body);
      const close = (): void => {
        if (bodies.delete(body)) {
          total -= body.bytes;
        }
      };
      return {
        close,
        received: (bytes) => {
          if (!bodies.has(body)) {
            return;
          }
          body.bytes += bytes;
          total += bytes;
          for (const oldest of bodies) {
            if (total <= limit) {
              return;
            }
            bodies.delete(oldest);
            total -= oldest.bytes;
            oldest.dropped();
          }
        },
      };
    },
  };
}
