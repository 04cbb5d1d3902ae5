/** A simulation that finds nothing wrong with a wrong system proves nothing: each of these is found, and soon. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS } from './faults.ts';
import { playFaults } from './history.ts';
import { WRONG_SYSTEMS, type WrongSystem } from './wrong-systems.ts';

const SEEDS = 600;

const caught = (wrong: WrongSystem, seed: number): Promise<string | null> =>
  playFaults(seed, wrong, wrong.shownBy ? FAULTS.filter(({ id }) => id === wrong.shownBy) : FAULTS).then(
    () => null,
    (thrown: unknown) => String(thrown),
  );

for (const wrong of WRONG_SYSTEMS) {
  test(`caught within ${SEEDS} histories: ${wrong.name}`, async (t) => {
    assert.ok(wrong.caughtBy <= SEEDS);
    if (await caught(wrong, wrong.caughtBy)) return;
    // The system has changed since, and with it every history.
    for (let seed = 1; seed <= SEEDS; seed++) {
      const what = await caught(wrong, seed);
      if (what) return t.diagnostic(`first caught by seed ${seed} now: ${what}`);
    }
    assert.fail('nothing was found wrong with it');
  });
}
