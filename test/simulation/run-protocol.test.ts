import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Counts, playHistory } from './history.ts';

const HISTORIES = Number(process.env.NOVA_HISTORIES ?? 60);
const FIRST = Number(process.env.NOVA_SEED ?? 1);

test(`${HISTORIES} seeded histories from seed ${FIRST} keep every invariant of the run protocol`, async () => {
  const sum: Counts = { steps: 0, crashes: 0, lost: 0, recorded: 0, refused: 0, kills: 0 };
  for (let seed = FIRST; seed < FIRST + HISTORIES; seed++) {
    const counts = await playHistory(seed);
    for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
  }
  console.log(JSON.stringify(sum));
  // A simulator whose faults never happen proves nothing.
  assert.ok(sum.crashes >= 100 && sum.lost >= 100 && sum.refused >= 100 && sum.kills >= 10, JSON.stringify(sum));
});

test('a history is the same every time it is played', async () => {
  assert.deepEqual(await playHistory(7), await playHistory(7));
});
