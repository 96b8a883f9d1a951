/**
 * How many admission requests are worked on at a time, and by whom: more than that cannot be answered in time, so it is
 * better refused at once. A namespace may hold as many places as are still free, so whoever asks a lot gets half of all
 * at most, two of them a third each, and there is room for those that come later (docs/adr/0029-overload.md).
 */

/** Whose places are all taken. */
export type Bound = 'server' | 'namespace';

export class OverloadError extends Error {
  readonly code = 'OVERLOADED';
  readonly bound: Bound;
  constructor(bound: Bound) {
    super(
      bound === 'server'
        ? 'more requests are being answered than there is room for'
        : 'more requests of this namespace are being answered than there is room for',
    );
    this.bound = bound;
  }
}

export interface InFlight {
  /** True where not even the body of another request is worth reading. */
  full(): boolean;
  /** The place of one request of so many bytes; undefined where there is none for this namespace. */
  enter(namespace: string, bytes: number): Place | undefined;
}

export interface Place {
  /** To be called once, when the request is answered. */
  leave(): void;
}

/** Bytes of bodies being worked on, shared out as places are: eight of the largest size, thousands of usual ones. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * A quarter of the timeout that the registrations ask for. Where answers take longer there are too many at a time, and
 * fewer are let in; where they do not and places are short, more are. So the wait stays about this long on any machine.
 */
const LONG_MS = 2500;
const FIRST_LIMIT = 128;
const LEAST_LIMIT = 16;
const CUT = 0.5;

/** @param most places there may be; `clock` in milliseconds. */
export function createInFlight(most: number, clock: () => number): InFlight {
  const places = createShares();
  const bytes = createShares();
  let limit = Math.min(most, FIRST_LIMIT);
  let lowered = -Infinity;
  /** What the limit was before it was lowered, until so many have left that the new one holds; else 0. */
  let draining = 0;

  function learn(milliseconds: number): void {
    if (milliseconds < LONG_MS) {
      limit = places.total() * 2 >= limit ? Math.min(most, limit + 1) : limit;
    } else if (clock() - lowered >= LONG_MS / 2) {
      lowered = clock();
      draining = limit;
      limit = Math.max(Math.min(most, LEAST_LIMIT), Math.floor(limit * CUT));
    }
  }

  /** Whoever holds none does not pay for those who hold the places that have just become too many. */
  const limitForNewcomers = (): number => Math.max(limit, draining);

  return {
    full: () => places.total() >= limitForNewcomers() || bytes.total() >= MOST_BYTES,
    enter: (namespace, size) => {
      const own = places.holds(namespace) ? limit : limitForNewcomers();
      if (!places.hasRoom(namespace, own) || !bytes.hasRoom(namespace, MOST_BYTES)) {
        return undefined;
      }
      const entered = clock();
      places.add(namespace, 1);
      bytes.add(namespace, size);
      return {
        leave: () => {
          learn(clock() - entered);
          places.add(namespace, -1);
          bytes.add(namespace, -size);
          if (places.total() < limit) {
            draining = 0;
          }
        },
      };
    },
  };
}

/**
 * Namespaces that stay in the Map when they hold nothing. Whoever asks alone would otherwise be its only entry with every request, and
 * gone with every answer; V8 lays so small a Map out anew each time, and keeps all that it was before until it collects what is
 * old (docs/adr/0045-what-a-request-leaves.md).
 */
const REMEMBERED = 1000;
/** Characters of a name (RFC 1123 label). What is longer is no namespace, and may be as long as a body. */
const LONGEST_NAME = 63;

interface Shares {
  total(): number;
  holds(namespace: string): boolean;
  /** As long as a namespace holds less than what is free. */
  hasRoom(namespace: string, limit: number): boolean;
  add(namespace: string, amount: number): void;
}

function createShares(): Shares {
  const held = new Map<string, number>();
  let total = 0;
  return {
    total: () => total,
    holds: (namespace) => (held.get(namespace) ?? 0) > 0,
    hasRoom: (namespace, limit) => (held.get(namespace) ?? 0) < limit - total,
    add: (namespace, amount) => {
      const now = (held.get(namespace) ?? 0) + amount;
      total += amount;
      if (now > 0 || (held.size < REMEMBERED && namespace.length <= LONGEST_NAME)) {
        held.set(namespace, now);
      } else {
        held.delete(namespace);
      }
    },
  };
}
