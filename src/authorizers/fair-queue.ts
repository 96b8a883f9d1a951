/** Work in line, by whom it is for: in turn one of each, so that whoever brings a lot waits for itself. */

export interface FairQueue<T> {
  push(flow: string, item: T): void;
  /** The next item of a flow that may go on; flows that may not keep their place. */
  shift(mayGoOn: (flow: string) => boolean): T | undefined;
}

export function createFairQueue<T>(): FairQueue<T> {
  // A Map keeps the order of insertion: the flow that was served longest ago is the first.
  const flows = new Map<string, T[]>();
  return {
    push: (flow, item) => {
      const waiting = flows.get(flow);
      if (waiting === undefined) {
        flows.set(flow, [item]);
      } else {
        waiting.push(item);
      }
    },
    shift: (mayGoOn) => {
      for (const [flow, waiting] of flows) {
        if (!mayGoOn(flow)) {
          continue;
        }
        const item = waiting.shift();
        flows.delete(flow);
        if (waiting.length > 0) {
          flows.set(flow, waiting);
        }
        if (item !== undefined) {
          return item;
        }
      }
      return undefined;
    },
  };
}
