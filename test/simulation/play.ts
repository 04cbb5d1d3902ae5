/** Plays histories: node test/simulation/play.ts <first seed> <how many>. Prints the counts as one line of JSON. */
import { type Counts, NO_COUNTS, playHistory } from './history.ts';

export async function playAll(first: number, histories: number): Promise<Counts> {
  const sum: Counts = { ...NO_COUNTS };
  for (let seed = first; seed < first + histories; seed++) addCounts(sum, await playHistory(seed));
  return sum;
}

export function addCounts(sum: Counts, counts: Counts): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
}

if (process.argv[1] === import.meta.filename) {
  const [, , first = '1', histories = '1000'] = process.argv;
  console.log(JSON.stringify(await playAll(Number(first), Number(histories))));
}
