/** Which seed catches a wrong protocol first; null when none of so many does. */
import { playHistory, type Wrong } from './history.ts';

export const caughtBy = async (wrong: Wrong, seed: number): Promise<string | null> =>
  await playHistory(seed, wrong).then(
    () => null,
    (thrown: unknown) => String(thrown),
  );

export async function firstToCatch(wrong: Wrong, seeds: number): Promise<{ seed: number; what: string } | null> {
  for (let seed = 1; seed <= seeds; seed++) {
    const what = await caughtBy(wrong, seed);
    if (what) return { seed, what };
  }
  return null;
}
