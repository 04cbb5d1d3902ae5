/** The nearest known word to a mistyped one, by edits of single letters (a swap of neighbours counts as one). */
export function nearest(typed: string, known: readonly string[]): string | null {
  const ranked = known
    .map((word) => ({ word, edits: editDistance(typed.toLowerCase(), word.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (!best) return null;
  // A third of the letters may be wrong: more is another word.
  return best.edits <= Math.max(1, Math.floor(Math.max(typed.length, best.word.length) / 3)) ? best.word : null;
}

/** Optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const edits = [(last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1)];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits.push((beforeLast[column - 2] ?? 0) + 1);
      current.push(Math.min(...edits));
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

/** ` (did you mean "list"?)`, or nothing. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const word = nearest(typed, known);
  return word === null ? '' : `; did you mean "${word}"?`;
}
