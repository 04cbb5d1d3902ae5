/** A list kept in order by binary search. Additions at the end, the common case, cost next to nothing. */
export type SortedList<T> = {
  readonly length: number;
  at(position: number): T | undefined;
  /** Of an equal entry, or where it would go. */
  position(entry: T): number;
  add(entry: T): void;
  remove(entry: T): void;
};

export function sortedList<T>(compare: (a: T, b: T) => number): SortedList<T> {
  const entries: T[] = [];
  const position = (entry: T): number => {
    let low = 0;
    let high = entries.length;
    const last = entries[high - 1];
    if (last !== undefined && compare(last, entry) < 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(entries[middle] as T, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    get length() {
      return entries.length;
    },
    at: (index) => entries[index],
    position,
    add: (entry) => void entries.splice(position(entry), 0, entry),
    remove(entry) {
      const index = position(entry);
      const found = entries[index];
      if (found !== undefined && compare(found, entry) === 0) entries.splice(index, 1);
    },
  };
}
