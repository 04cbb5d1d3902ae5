/** Plays histories: node test/simulation/faults/play-faults.ts <first seed> <how many>. Prints what happened as a line of JSON. */
import { playFaults } from './history.ts';

export type Happened = { histories: number; steps: number; faults: { [id: string]: number } };
export const NOTHING: Happened = { histories: 0, steps: 0, faults: {} };

export async function playSeeds(first: number, histories: number): Promise<Happened> {
  const sum: Happened = { ...NOTHING, faults: {} };
  for (let seed = first; seed < first + histories; seed++) {
    const { steps, counts } = await playFaults(seed);
    addHappened(sum, { histories: 1, steps, faults: Object.fromEntries(counts) });
  }
  return sum;
}

export function addHappened(sum: Happened, { histories, steps, faults }: Happened): void {
  sum.histories += histories;
  sum.steps += steps;
  for (const [id, times] of Object.entries(faults)) sum.faults[id] = (sum.faults[id] ?? 0) + times;
}

if (process.argv[1] === import.meta.filename) {
  const [, , first = '1', histories = '100'] = process.argv;
  console.log(JSON.stringify(await playSeeds(Number(first), Number(histories))));
}
