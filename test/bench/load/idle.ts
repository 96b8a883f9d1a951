/**
 * The time in which the load waits for nothing but the next request's turn. Spinning through the event loop takes 250 MB of
 * young objects a second; collected while an answer comes, they would be charged to the server
 * (docs/adr/0046-the-load-does-not-measure-itself.md). So it spins here without allocating, and collects what is there first.
 */

/** Milliseconds: what a collection of young objects takes, twice over. */
const ROOM = 0.6;
/** Requests between two collections, which leave a tenth of the room for young objects. */
const REQUESTS = 50;

/** Spins until then (`performance.now()`), and now and then collects young objects first. */
export function createIdle(collect = collectYoung): (due: number) => void {
  let requests = 0;
  return (due) => {
    requests += 1;
    if (requests >= REQUESTS && due - performance.now() > ROOM) {
      requests = 0;
      collect();
    }
    while (performance.now() < due) {
      // A timer's millisecond would be as long as what is measured.
    }
  };
}

function collectYoung(): void {
  globalThis.gc?.({ type: 'minor' });
}
