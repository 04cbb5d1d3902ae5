/** Plays histories: node test/simulation/play.ts <first seed> <how many>. Prints one line of JSON: the counts, CPU time. */
import { type Counts, NO_COUNTS, playHistory } from './history.ts';

export type Played = { readonly counts: Counts; readonly cpuMs: number };

async function playAll(first: number, histories: number): Promise<Counts> {
  const sum: Counts = { ...NO_COUNTS };
  for (let seed = first; seed < first + histories; seed++) addCounts(sum, await playHistory(seed));
  return sum;
}

export function addCounts(sum: Counts, counts: Counts): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
}

if (process.argv[1] === import.meta.filename) {
  // Refusals are thrown by the hundred thousand, and nobody reads where.
  Error.stackTraceLimit = 0;
  const [, , first = '1', histories = '1000'] = process.argv;
  const counts = await playAll(Number(first), Number(histories));
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ counts, cpuMs: Math.round((user + system) / 1000) } satisfies Played));
}
