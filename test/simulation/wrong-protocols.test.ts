/** A simulator that finds nothing wrong with a wrong protocol proves nothing: each of these is found, and soon. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caughtBy, firstToCatch } from './catch.ts';
import { WRONG_PROTOCOLS } from './wrong-protocols.ts';

const SEEDS = 1_000;

for (const wrong of WRONG_PROTOCOLS) {
  test(`caught within ${SEEDS} histories: ${wrong.name}`, async (t) => {
    assert.ok(wrong.caughtBy <= SEEDS);
    if (await caughtBy(wrong, wrong.caughtBy)) return;
    // The protocol has changed since, and with it every history.
    const found = await firstToCatch(wrong, SEEDS);
    assert.ok(found, 'nothing was found wrong with it');
    t.diagnostic(`first caught by seed ${found.seed} now: ${found.what}`);
  });
}
