/** Money along the line of time, past and to come, on days of 23, 24 and 25 hours; computed by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { novaJson } from '../fixtures/cli-world.ts';
import { financeWorld, hasAgent, hasCost, hasEntry } from '../fixtures/finance-world.ts';
import { ask, NEW_YORK, NOVEMBER, november, type Rows, rowsOf, usd, type Value } from '../fixtures/november-books.ts';

test('timeline: a row for every day, the first one of 25 hours', async () => {
  const found = await ask(await november(), 'finance timeline', ...NOVEMBER);
  const rows = found.rows as Rows;
  assert.deepEqual([found.unit, rows.length], ['day', 30]);
  const busy = rows.filter(({ events, runs }) => Number(events) + Number(runs) > 0);
  assert.deepEqual(rowsOf(busy, 'id', 'netMicros', 'costMicros', 'profitMicros', 'events', 'runs'), [
    ['2026-11-01', 70, 4, 66, 2, 2],
    ['2026-11-10', -12, 6, -18, 2, 10],
    ['2026-11-15', 5, 0, 5, 1, 0],
    ['2026-11-16', 0, 0, 0, 1, 0],
    ['2026-11-30', 40, 20, 20, 1, 5],
  ]);
  assert.deepEqual([rows[0]?.startAt, rows[0]?.endAt], ['2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z']);
});

test('timeline of one day: its 25 hours, the doubled one twice, costs in the hour of their runs', async () => {
  const cli = await november();
  const found = await ask(cli, 'finance timeline --from 2026-11-01 --to 2026-11-01');
  const rows = found.rows as Rows;
  assert.deepEqual([found.unit, rows.length, found.unplacedCostMicros], ['hour', 25, 0]);
  assert.deepEqual(rowsOf(rows.slice(0, 4), 'label', 'netMicros', 'costMicros', 'runs'), [
    ['00:00 -04:00', 50, 0, 0],
    ['01:00 -04:00', 0, 1, 1],
    ['01:00 -05:00', 0, 3, 1],
    ['02:00 -05:00', 0, 0, 0],
  ]);
  assert.deepEqual(rowsOf(rows.slice(24), 'label', 'netMicros'), [['23:00 -05:00', 20]]);
  const today = await ask(cli, 'finance timeline --period today');
  assert.deepEqual([(today.rows as Rows).length, usd(today.unplacedCostMicros)], [24, 20]);
});

test('a March of 31 days: the day that loses an hour has 23, and money falls to its own side of each midnight', async () => {
  const cli = financeWorld(NEW_YORK, '2026-03-31T16:00:00Z');
  for (const [at, amount] of [
    ['2026-03-08T04:59:59Z', 10],
    ['2026-03-08T05:00:00Z', 20],
    ['2026-03-09T03:59:59Z', 30],
    ['2026-03-09T04:00:00Z', 40],
  ] as const)
    await hasEntry(cli, { at, usd: amount });
  const month = await ask(cli, 'finance timeline --from 2026-03-01 --to 2026-03-31');
  const rows = month.rows as Rows;
  assert.deepEqual([rows.length, usd(month.netMicros)], [31, 100]);
  assert.deepEqual(rowsOf(rows.slice(6, 9), 'id', 'netMicros'), [
    ['2026-03-07', 10],
    ['2026-03-08', 50],
    ['2026-03-09', 40],
  ]);
  const day = (await ask(cli, 'finance timeline --from 2026-03-08 --to 2026-03-08')).rows as Rows;
  assert.equal(day.length, 23);
  assert.deepEqual(rowsOf([day[1], day[2], day[22]], 'label', 'netMicros'), [
    ['01:00 -05:00', 0],
    ['03:00 -04:00', 0],
    ['23:00 -04:00', 30],
  ]);
  const flow = await ask(cli, 'finance cashflow --from 2026-03-01 --to 2026-03-31');
  assert.deepEqual([flow.days, flow.revenueDays, (flow.perDay as Value).inMicros], [31, 3, 3_225_806]);
});

test('cash flow: averages over all days of the period, and what went out', async () => {
  const found = await ask(await november(), 'finance cashflow', ...NOVEMBER);
  assert.deepEqual([found.inMicros, found.outMicros, found.netMicros].map(usd), [115, 42, 73]);
  assert.deepEqual([found.days, found.revenueDays], [30, 3]);
  assert.deepEqual(found.perDay, { inMicros: 3_833_333, outMicros: 1_400_000, netMicros: 2_433_333 });
});

test('profit and loss, beside as many days before', async () => {
  const found = await ask(await november(), 'finance pnl', ...NOVEMBER);
  assert.deepEqual([found.netMicros, found.costMicros, found.profitMicros].map(usd), [103, 30, 73]);
  assert.equal(found.marginBps, 7087);
  const before = found.previous as Value;
  assert.deepEqual(
    [before.from, before.to, usd(before.netMicros), before.costMicros],
    ['2026-10-02', '2026-10-31', 100, 0],
  );
  assert.equal((await ask(await november(), 'finance pnl')).previous, null);
});

test('burn and runway: of cash by net burn, of the budget by burn, today’s at today’s pace', async () => {
  const cli = await november();
  const found = await ask(cli, 'finance burn --cash 100', ...NOVEMBER);
  assert.deepEqual(
    [found.burnPerDayMicros, found.netBurnPerDayMicros, found.runwayDays],
    [1_000_000, -2_433_333, null],
  );
  // $20 of $100 in 12 of 24 hours.
  const budget = found.budget as Value;
  assert.deepEqual([budget.usedBps, budget.daysOfBurn, budget.exhaustedAt], [2000, 100, null]);
  // $6 in, $18 out on the tenth alone: $18 a day gone.
  const tenth = await ask(cli, 'finance burn --from 2026-11-10 --to 2026-11-10 --cash 100');
  assert.deepEqual([usd(tenth.netBurnPerDayMicros), tenth.runwayDays], [18, 5]);
  await novaJson(cli, ['budget', 'set', 'fleet', '25']);
  const tight = (await ask(cli, 'finance burn')).budget as Value;
  // $20 took twelve hours, so $5 take three.
  assert.equal(tight.exhaustedAt, '2026-11-30T20:00:00.000Z');
});

test('forecast: means by weekday, the rest of today, and an interval that can be computed by hand', async () => {
  const found = await ask(await november(), 'finance forecast');
  assert.deepEqual(
    [found.from, found.to, found.method, found.historyDays],
    ['2026-11-01', '2026-11-30', 'weekday_means', 28],
  );
  const net = found.net as Value;
  // The last half of a Monday; the four Mondays before brought nothing.
  assert.deepEqual([net.soFarMicros, net.expectedMicros].map(usd), [103, 103]);
  // Squares within weekdays: Tuesdays 0, -12, 0, 0 → 108; Sundays 0, 5, 0, 0 → 18.75. Variance 126.75 / 21.
  // Half a day and its mean over four: 0.5 + 0.25 / 4. Width: 1.721 × √(6.035714 × 0.5625) = 3.171075.
  assert.ok(Math.abs(Number(net.lowMicros) - 99_828_925) <= 2, String(net.lowMicros));
  assert.ok(Math.abs(Number(net.highMicros) - 106_171_075) <= 2, String(net.highMicros));
  const cost = found.cost as Value;
  assert.deepEqual([cost.soFarMicros, cost.expectedMicros, cost.lowMicros].map(usd), [30, 30, 30]);
  const ahead = found.projection as Value;
  // The last seven days: $40 in, $20 out.
  assert.deepEqual([ahead.days, ahead.revenueMicros, ahead.costMicros], [30, 171_428_571, 85_714_286]);
  assert.deepEqual([ahead.costStatus, ahead.sustainable], ['critical', false]);
});

test('the burn of a young workspace is a mean over the days that were', async () => {
  const cli = financeWorld(NEW_YORK, '2026-11-30T17:00:00Z');
  await hasAgent(cli, 'shop', { since: '2026-11-29T12:00:00Z' });
  await hasCost(cli, 'shop', { date: '2026-11-29', usd: 10, runs: 1 });
  const found = await ask(cli, 'finance burn');
  assert.deepEqual([found.period, found.since, found.days, usd(found.burnPerDayMicros)], ['month', '2026-11-29', 2, 5]);
});
