/** The candidate that `word` is probably a misspelling of; undefined if none is near. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const normal = simplified(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(normal, simplified(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, Math.floor(normal.length / 4)) ? best.candidate : undefined;
}

/** Case, dashes and underscores are what people mix up most: `groupClaimName` is `group_claim_name`. */
function simplified(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '').slice(0, 64);
}

/** Levenshtein's distance, with a swap of neighbours as one step. */
function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (older[j - 2] ?? 0) + 1 : Infinity;
      current.push(Math.min(change, swap, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    [older, previous] = [previous, current];
  }
  return previous[b.length] ?? 0;
}
