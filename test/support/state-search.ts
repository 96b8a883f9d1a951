/** Every state that can be reached, breadth first, so that the way to a bad one is a shortest one. */

export interface Step<S> {
  readonly name: string;
  readonly next: S;
}

export interface SearchResult {
  readonly states: number;
  /** The steps to the first bad state; undefined where there is none. */
  readonly trace: readonly string[] | undefined;
}

export function search<S>(
  initial: S,
  steps: (state: S) => readonly Step<S>[],
  isBad: (state: S) => boolean,
): SearchResult {
  const known = new Set([JSON.stringify(initial)]);
  let frontier: { readonly state: S; readonly trace: readonly string[] }[] = [{ state: initial, trace: [] }];
  while (frontier.length > 0) {
    const following: typeof frontier = [];
    for (const { state, trace } of frontier) {
      if (isBad(state)) {
        return { states: known.size, trace };
      }
      for (const { name, next } of steps(state)) {
        const key = JSON.stringify(next);
        if (!known.has(key)) {
          known.add(key);
          following.push({ state: next, trace: [...trace, name] });
        }
      }
    }
    frontier = following;
  }
  return { states: known.size, trace: undefined };
}
