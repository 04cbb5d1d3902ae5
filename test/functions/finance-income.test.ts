/** Whose money it is, where it came from and what it cost, against a ledger computed by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nova } from '../fixtures/cli-world.ts';
import { ask, NEW_YORK, NOVEMBER, november, type Rows, rowsOf, usd, type Value } from '../fixtures/november-books.ts';

test('revenue: gross, refunds, fees and net, by agent, source and department, what is nobody’s and what has no rate', async () => {
  const found = await ask(await november(), 'finance revenue', ...NOVEMBER);
  const { revenueMicros, refundMicros, feeMicros, netMicros, unattributedMicros, burnMicros, profitMicros } = found;
  assert.deepEqual([revenueMicros, refundMicros, feeMicros, netMicros].map(usd), [115, 10, 2, 103]);
  assert.deepEqual([unattributedMicros, burnMicros, profitMicros].map(usd), [5, 30, 73]);
  assert.deepEqual(found.unconverted, [{ id: 'EUR', amountMinor: '3000' }]);
  assert.deepEqual([found.since, found.to, found.days, found.timezone], ['2026-11-01', '2026-11-30', 30, NEW_YORK]);
  assert.deepEqual(rowsOf(found.agents, 'id', 'revenueMicros', 'refundMicros', 'feeMicros', 'netMicros'), [
    ['shop', 70, 10, 2, 58],
    ['leads', 40, 0, 0, 40],
    ['_unattributed', 5, 0, 0, 5],
  ]);
  assert.deepEqual(rowsOf(found.sources, 'id', 'netMicros', 'shareBps'), [
    ['stripe', 58, 5631],
    ['hook', 40, 3883],
    ['manual', 5, 485],
  ]);
  assert.deepEqual(rowsOf(found.departments, 'id', 'netMicros'), [
    ['product', 58],
    ['sales', 40],
    ['_unattributed', 5],
  ]);
  assert.deepEqual(rowsOf(found.top, 'id', 'profitMicros', 'shareBps'), [
    ['shop', 48, 7058],
    ['leads', 20, 2941],
  ]);
  const target = found.target as Value;
  assert.deepEqual([target.number, target.tracking, usd(target.revenueMicros)], [1, 'behind', 103]);
  assert.equal((found.advice as Rows)[0]?.code, 'behind_target');
});

test('sources: the same money, with the number of its movements', async () => {
  const found = await ask(await november(), 'finance sources', ...NOVEMBER);
  assert.deepEqual(rowsOf(found.sources, 'id', 'entries', 'revenueMicros', 'refundMicros', 'feeMicros'), [
    ['stripe', 5, 70, 10, 2],
    ['hook', 1, 40, 0, 0],
    ['manual', 1, 5, 0, 0],
  ]);
});

test('costs: by agent and department with shares, the share of the revenue, and what is wrong', async () => {
  const cli = await november();
  const found = await ask(cli, 'finance costs', ...NOVEMBER);
  assert.deepEqual(
    [usd(found.costMicros), found.runs, usd(found.netMicros), usd(found.profitMicros)],
    [30, 17, 103, 73],
  );
  assert.deepEqual([found.costShareBps, found.costStatus], [2912, 'critical']);
  assert.deepEqual(rowsOf(found.agents, 'id', 'costMicros', 'shareBps', 'runs'), [
    ['leads', 20, 6666, 5],
    ['shop', 10, 3333, 12],
  ]);
  assert.deepEqual(rowsOf(found.departments, 'id', 'costMicros'), [
    ['sales', 20],
    ['product', 10],
  ]);
  const rules = (found.alerts as Rows).map(({ rule }) => rule);
  assert.deepEqual(rules, ['cost_percent_exceeded', 'month_roi']);
  const today = await ask(cli, 'costs --period=today');
  assert.deepEqual([usd(today.costMicros), today.since, today.to], [20, '2026-11-30', '2026-11-30']);
  assert.equal(usd((await ask(cli, 'costs --period=week')).costMicros), 20);
});

test('roi: of all, of an agent, of a department; a rating where something was spent', async () => {
  const cli = await november();
  const all = await ask(cli, 'finance roi', ...NOVEMBER);
  assert.deepEqual(
    [all.roiBps, all.rating, all.marginBps, all.successBps, all.targetBps],
    [24_333, 'fair', 7087, 9411, 30_000],
  );
  assert.deepEqual(rowsOf(all.agents, 'id', 'profitMicros', 'roiBps', 'rating'), [
    ['shop', 48, 48_000, 'good'],
    ['leads', 20, 10_000, 'fair'],
    ['_unattributed', 5, null, 'unknown'],
  ]);
  const sales = await ask(cli, 'roi sales', ...NOVEMBER);
  assert.deepEqual([sales.id, usd(sales.netMicros), usd(sales.costMicros), sales.roiBps], ['sales', 40, 20, 10_000]);
  assert.deepEqual(
    (sales.agents as Rows).map(({ id }) => id),
    ['leads'],
  );
  assert.equal((await nova(cli, ['roi', 'nobody'])).code, 3);
  assert.match((await nova(cli, ['finance', 'roi', ...NOVEMBER])).out, /\(unattributed\).*n\/a +n\/a/);
});

test('top: by profit, losers beside them, few runs left out when asked', async () => {
  const cli = await november();
  const found = await ask(cli, 'finance top', ...NOVEMBER);
  assert.deepEqual(rowsOf(found.top, 'id', 'profitMicros', 'roiBps'), [
    ['shop', 48, 48_000],
    ['leads', 20, 10_000],
  ]);
  assert.deepEqual(found.bottom, []);
  const few = await ask(cli, 'finance top --min-runs 6', ...NOVEMBER);
  assert.deepEqual(rowsOf(few.top, 'id'), [['shop']]);
});

test('attribution: how it is known, since when, and what is still open', async () => {
  const found = await ask(await november(), 'finance attribution', ...NOVEMBER);
  assert.deepEqual(rowsOf(found.methods, 'id', 'entries', 'netMicros', 'confidenceBps'), [
    ['metadata', 6, 98, 10_000],
    ['none', 1, 5, 0],
  ]);
  assert.deepEqual(rowsOf(found.agents, 'id', 'entries', 'firstAt', 'lastAt'), [
    ['shop', 4, '2026-11-01T04:00:00.000Z', '2026-11-10T15:00:01.000Z'],
    ['leads', 2, '2026-11-16T15:00:00.000Z', '2026-11-30T15:00:00.000Z'],
    ['_unattributed', 1, '2026-11-15T15:00:00.000Z', '2026-11-15T15:00:00.000Z'],
  ]);
  assert.equal(found.openCount, 1);
  assert.deepEqual(rowsOf(found.open, 'id', 'amount', 'currency'), [['manual:cash', '5.00', 'USD']]);
});

test('status: health, counts, the month, its target, advice and alerts', async () => {
  const { overview } = (await ask(await november(), 'status')) as { overview: Value };
  assert.deepEqual(overview.agents, { total: 2, active: 2, paused: 0, retired: 0 });
  // Over their lives: shop 158 for 10 is high, leads 40 for 20 is in the middle.
  assert.deepEqual(overview.buckets, { high: 1, middle: 1, low: 0, negative: 0, unrated: 0 });
  assert.deepEqual([overview.health, usd((overview.month as Value).profitMicros)], ['fair', 73]);
});
