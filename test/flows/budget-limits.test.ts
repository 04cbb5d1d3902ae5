/** What a limit allows and stops, to the micro-dollar: raised, lowered, zero, shared, and runs that cost less. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usdToMicros } from '../../shared/domain/money.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { ATTACKS, deliverAll, deliverInTurn, openRace, type Race, resultOf } from './race-world.ts';

const usd = usdToMicros;
const HOLD = usd('0.10');

const ticksOf = (race: Race, agentId: string, count: number) =>
  Array.from({ length: count }, () => race.nextTick(agentId));

for (const { name, scope, ...entrants } of ATTACKS) {
  test(`${name}: a raise lets exactly as many more run, a lower limit none, a later raise the rest`, async () => {
    const race = await openRace(mapTable(), { ...entrants, holdMicros: HOLD });
    await race.limit(scope, usd('1.00'));
    await deliverAll(race, race.nextTicks());
    await race.limit(scope, usd('1.50'));
    await deliverAll(race, race.nextTicks());
    assert.deepEqual(await resultOf(race), { spent: 15, refused: 85, micros: usd('1.50') });
    await race.limit(scope, usd('0.70'));
    await deliverAll(race, race.nextTicks());
    assert.deepEqual(await resultOf(race, { lowered: true }), { spent: 15, refused: 135, micros: usd('1.50') });
    // A raise that does not reach what is spent allows nothing; ten cents more than that, one run.
    await race.limit(scope, usd('1.50'));
    await deliverAll(race, race.nextTicks());
    await race.limit(scope, usd('1.699999'));
    await deliverAll(race, race.nextTicks());
    assert.deepEqual(await resultOf(race), { spent: 16, refused: 234, micros: usd('1.60') });
  });

  test(`${name}: under a limit of nothing, nothing runs`, async () => {
    const race = await openRace(mapTable(), { ...entrants, holdMicros: HOLD });
    await race.limit(scope, 0);
    await deliverAll(race, race.nextTicks());
    assert.deepEqual(await resultOf(race), { spent: 0, refused: 50, micros: 0 });
  });

  test(`${name}: a limit lowered while slices are out calls them home`, async () => {
    const race = await openRace(mapTable(), { ...entrants, holdMicros: HOLD });
    await race.limit(scope, usd('49'));
    // Each run of the day makes the next slice larger: money lies about in slices.
    for (let round = 0; round < 3; round++) await deliverAll(race, race.nextTicks());
    assert.deepEqual(await resultOf(race), { spent: 150, refused: 0, micros: usd('15') });
    await race.limit(scope, usd('15.30'));
    await deliverAll(race, race.nextTicks());
    assert.deepEqual(await resultOf(race), { spent: 153, refused: 47, micros: usd('15.30') });
  });
}

test('runs that hold ten cents and cost five: one dollar is enough for nineteen, a dollar and five cents for twenty', async () => {
  for (const [limit, spends] of [
    ['1.00', 19],
    ['1.05', 20],
    ['1.049999', 19],
  ] as const) {
    const race = await openRace(mapTable(), { agents: 1, instances: 1, holdMicros: HOLD, actualMicros: HOLD / 2 });
    await race.limit('agent:racer-0', usd(limit));
    await deliverInTurn(race, ticksOf(race, 'racer-0', 30));
    // The last one needs its whole hold, though it spends half of it.
    assert.deepEqual(await resultOf(race), { spent: spends, refused: 30 - spends, micros: spends * (HOLD / 2) }, limit);
  }
});

test('two agents share the budget of the fleet: what one leaves the other has, to the last cent', async () => {
  for (const first of [0, 3, 7, 10]) {
    const race = await openRace(mapTable(), { agents: 2, instances: 1, holdMicros: HOLD });
    await race.limit('fleet', usd('1.00'));
    await deliverInTurn(race, ticksOf(race, 'racer-0', first));
    await deliverInTurn(race, ticksOf(race, 'racer-1', 20));
    const { spent, micros } = await resultOf(race);
    assert.deepEqual({ spent, micros }, { spent: 10, micros: usd('1.00') }, `after ${first} runs of the first`);
    await deliverInTurn(race, ticksOf(race, 'racer-0', 5));
    assert.equal((await resultOf(race)).spent, 10);
  }
});

test('the tighter of two budgets decides, and what it refuses stays in the other', async () => {
  const race = await openRace(mapTable(), { agents: 2, instances: 2, holdMicros: HOLD });
  await race.limit('fleet', usd('1.00'));
  await race.limit('agent:racer-0', usd('0.30'));
  for (let round = 0; round < 6; round++) await deliverAll(race, race.nextTicks());
  const { spent, micros } = await resultOf(race);
  assert.deepEqual({ spent, micros }, { spent: 10, micros: usd('1.00') });
});
