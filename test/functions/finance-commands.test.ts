/** Every finance command against a small ledger computed by hand: a November with its 25-hour day in New York. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nova, novaJson, workAll } from '../fixtures/cli-world.ts';
import { type FinanceWorld, financeWorld, hasAgent, hasCost, hasEntry, hasRuns } from '../fixtures/finance-world.ts';

type Value = { readonly [name: string]: unknown };
type Rows = readonly Value[];

const NEW_YORK = 'America/New_York';
const NOVEMBER = ['--from', '2026-11-01', '--to', '2026-11-30'];
const usd = (micros: unknown): number => Number(micros) / 1_000_000;

async function november(): Promise<FinanceWorld> {
  const cli = financeWorld(NEW_YORK, '2026-11-30T17:00:00Z');
  await hasAgent(cli, 'shop', { since: '2026-11-01T12:00:00Z', department: 'product' });
  await hasAgent(cli, 'leads', { since: '2026-11-01T13:00:00Z', department: 'sales' });
  // The last second of October, the first of November, and the 25th hour of the first.
  await hasEntry(cli, { at: '2026-11-01T03:59:59Z', usd: 100, agent: 'shop' });
  await hasEntry(cli, { at: '2026-11-01T04:00:00Z', usd: 50, agent: 'shop' });
  await hasEntry(cli, { at: '2026-11-02T04:30:00Z', usd: 20, agent: 'shop' });
  await hasEntry(cli, { at: '2026-11-10T15:00:00Z', usd: -10, agent: 'shop', kind: 'refund' });
  await hasEntry(cli, { at: '2026-11-10T15:00:01Z', usd: -2, agent: 'shop', kind: 'fee' });
  await hasEntry(cli, {
    at: '2026-11-15T15:00:00Z',
    usd: 5,
    source: 'manual',
    id: 'cash',
    note: '=HYPERLINK("x"),"y"',
  });
  await hasEntry(cli, { at: '2026-11-16T15:00:00Z', minor: 3000n, currency: 'EUR', agent: 'leads' });
  await hasEntry(cli, { at: '2026-11-30T15:00:00Z', usd: 40, source: 'hook', agent: 'leads' });
  await hasCost(cli, 'shop', { date: '2026-11-01', usd: 4, runs: 2 });
  await hasCost(cli, 'shop', { date: '2026-11-10', usd: 6, runs: 10 });
  await hasCost(cli, 'leads', {
    date: '2026-11-30',
    usd: 20,
    runs: 5,
    today: true,
    tally: { succeeded: 4, failed: 1 },
  });
  await hasRuns(cli, 'shop', [
    { at: '2026-11-01T05:30:00Z', usd: 1 },
    { at: '2026-11-01T06:30:00Z', usd: 3 },
  ]);
  return cli;
}

const ask = async (cli: FinanceWorld, line: string, ...more: string[]): Promise<Value> =>
  (await novaJson(cli, [...line.split(' '), ...more])) as Value;
const rowsOf = (value: unknown, ...names: string[]): unknown[][] =>
  (value as Rows).map((row) => names.map((name) => (name.endsWith('Micros') ? usd(row[name]) : row[name])));

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

test('targets: from the day of the first agent, changed with an audit record', async () => {
  const cli = await november();
  const found = await ask(cli, 'finance targets');
  assert.deepEqual([found.number, found.from, found.to, found.day], [1, '2026-11-01', '2026-11-30', 30]);
  assert.deepEqual(
    [found.targetMicros, found.expectedMicros, found.neededMicros, found.aiBudgetMicros].map(usd),
    [5000, 5000, 4897, 250],
  );
  assert.deepEqual([found.tracking, found.reachedBps], ['behind', 206]);
  assert.deepEqual(rowsOf(found.departments, 'id', 'targetMicros', 'netMicros').slice(0, 3), [
    ['sales', 2500, 40],
    ['marketing', 1000, 0],
    ['product', 1250, 58],
  ]);
  const set = await ask(cli, 'finance targets --set 90,200 --start 2026-10-15');
  // Month 2 begins on the 15th of November: day 16, $45 came since ($5 and $40).
  assert.deepEqual(
    [set.number, set.from, set.day, usd(set.targetMicros), usd(set.revenueMicros)],
    [2, '2026-11-15', 16, 200, 45],
  );
  assert.deepEqual([set.version, set.tracking], [1, 'behind']);
  assert.equal((await ask(cli, 'finance targets --set 90,200')).version, 1);
  const records = (await novaJson(cli, ['audit', 'list', '--entity', 'targets:workspace'])) as Rows;
  assert.deepEqual(
    records.map(({ action, actor }) => [action, actor]),
    [['targets.changed', 'cli:alice']],
  );
  assert.equal((await ask(cli, 'audit verify')).valid, true);
  assert.equal((await nova(cli, ['finance', 'targets', '--set', '5,,6'])).code, 2);
});

test('reinvestment: seventy per cent of what is settled, the rest to withdraw', async () => {
  const found = await ask(await november(), 'finance reinvestment');
  assert.deepEqual([found.settledNetMicros, found.pendingMicros, found.settledProfitMicros].map(usd), [163, 40, 133]);
  assert.deepEqual([found.reinvestMicros, found.withdrawMicros].map(usd), [93.1, 39.9]);
  const sooner = await ask(await november(), 'finance reinvestment --settle-days 0 --percent 50');
  assert.deepEqual([usd(sooner.settledProfitMicros), usd(sooner.reinvestMicros)], [173, 86.5]);
});

test('export: one row per entry, formulas made harmless, no file written over', async () => {
  const cli = await november();
  const found = await ask(cli, 'finance export');
  assert.equal((found.entries as Rows).length, 8);
  assert.equal(usd((found.totals as Value).netMicros), 203);
  const { out } = await nova(cli, ['finance', 'export', '--format', 'csv', ...NOVEMBER]);
  const lines = out.trimEnd().split('\r\n');
  assert.equal(lines.length, 8);
  assert.match(lines[0] ?? '', /^id,at,kind,bucket,source,agentId/);
  assert.match(out, /,"'=HYPERLINK\(""x""\),""y"""/);
  assert.match(out, /,-1000,USD,-10\.00,-10000000,/);
  const file = join(mkdtempSync(join(tmpdir(), 'nova-export-')), 'ledger.csv');
  const written = await nova(cli, ['finance', 'export', '--format', 'csv', '--out', file]);
  assert.equal(written.out, `8 entries written to ${file}\n`);
  assert.equal(readFileSync(file, 'utf8').split('\r\n').length, 10);
  assert.equal((await nova(cli, ['finance', 'export', '--out', file])).code, 5);
});

test('status: health, counts, the month, its target, advice and alerts', async () => {
  const { overview } = (await ask(await november(), 'status')) as { overview: Value };
  assert.deepEqual(overview.agents, { total: 2, active: 2, paused: 0, retired: 0 });
  // Over their lives: shop 158 for 10 is high, leads 40 for 20 is in the middle.
  assert.deepEqual(overview.buckets, { high: 1, middle: 1, low: 0, negative: 0, unrated: 0 });
  assert.deepEqual([overview.health, usd((overview.month as Value).profitMicros)], ['fair', 73]);
});

test('budget history: a row per day, the newest first', async () => {
  const found = await ask(await november(), 'budget history --days 30');
  const days = found.days as Rows;
  assert.equal(days.length, 30);
  assert.deepEqual(rowsOf([days[0], days[20], days[29]], 'id', 'spentMicros', 'runs', 'limitMicros', 'status'), [
    ['2026-11-30', 20, 5, 0, null],
    ['2026-11-10', 6, 10, 0, null],
    ['2026-11-01', 4, 2, 0, null],
  ]);
  const shop = await ask(await november(), 'budget history shop --days 1');
  assert.deepEqual([shop.id, (shop.days as Rows)[0]?.spentMicros], ['agent:shop', 0]);
});

test('a receipt: the lines of a real run add up to its cost', async () => {
  const cli = financeWorld(NEW_YORK, '2026-11-30T17:00:00Z');
  Object.assign(cli.world.settings, { computeNanosPerSecond: 13_334 });
  const config = '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0.50"}]}';
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'winner', '--config', config]);
  await novaJson(cli, ['run', 'now', 'winner']);
  await workAll(cli);
  const [run] = (await novaJson(cli, ['run', 'list', 'winner'])) as Rows;
  const receipt = await ask(cli, 'run receipt', String(run?.id));
  assert.deepEqual([receipt.totalMicros, receipt.costMicros, receipt.status], [100_000, run?.costMicros, 'succeeded']);
  assert.deepEqual(rowsOf(receipt.lines, 'id', 'amountMicros', 'nanosPerSecond'), [
    ['paid_calls', 0.1, null],
    ['compute', 0, 13_334],
  ]);
  assert.match((await nova(cli, ['run', 'receipt', String(run?.id)])).out, /paid calls.*\$0\.10/);
  assert.equal((await nova(cli, ['run', 'receipt', 'winner.0.nothing'])).code, 3);
});

const COMMANDS = [
  ...[
    'revenue',
    'costs',
    'roi',
    'timeline',
    'timeline --period today',
    'timeline --period year',
    'cashflow',
    'pnl',
    'sources',
  ],
  ...['attribution', 'top', 'burn --cash 10', 'forecast', 'targets', 'reinvestment'],
].map((line) => `finance ${line}`);

test('an empty ledger answers everything with nothing', async () => {
  const cli = financeWorld(NEW_YORK, '2026-11-30T17:00:00Z');
  for (const line of [...COMMANDS, 'finance export --format csv', 'status', 'budget history']) {
    const { code, err } = await nova(cli, line.split(' '));
    assert.equal(code, 0, `${line}: ${err}`);
    await ask(cli, line);
  }
  const revenue = await ask(cli, 'finance revenue');
  assert.deepEqual([revenue.netMicros, revenue.unattributedMicros, revenue.unconverted, revenue.days], [0, 0, [], 1]);
  assert.deepEqual(rowsOf(revenue.agents, 'id', 'netMicros'), [['_unattributed', 0]]);
  const roi = await ask(cli, 'finance roi');
  assert.deepEqual([roi.roiBps, roi.rating, roi.marginBps, roi.successBps], [null, 'unknown', null, null]);
  assert.equal((await ask(cli, 'finance costs')).costStatus, 'no_revenue');
  const forecast = await ask(cli, 'finance forecast');
  assert.deepEqual([forecast.method, (forecast.net as Value).lowMicros], ['no_history', null]);
  assert.equal((await ask(cli, 'finance reinvestment')).reinvestMicros, 0);
  const status = (await ask(cli, 'status')).overview as Value;
  assert.equal(status.health, 'no_agents');
});

test('a single refund is a loss, and nothing of it can be reinvested', async () => {
  const cli = financeWorld(NEW_YORK, '2026-11-30T17:00:00Z');
  await hasAgent(cli, 'shop', { since: '2026-11-29T12:00:00Z' });
  await hasEntry(cli, { at: '2026-11-29T15:00:00Z', usd: -25, agent: 'shop', kind: 'refund' });
  const revenue = await ask(cli, 'finance revenue');
  assert.deepEqual([revenue.revenueMicros, revenue.refundMicros, revenue.netMicros].map(usd), [0, 25, -25]);
  assert.deepEqual(rowsOf(revenue.sources, 'id', 'netMicros', 'shareBps'), [['stripe', -25, null]]);
  const roi = await ask(cli, 'finance roi shop');
  assert.deepEqual([usd(roi.profitMicros), roi.roiBps, roi.marginBps], [-25, null, null]);
  const flow = await ask(cli, 'finance cashflow --from 2026-11-29');
  assert.deepEqual([flow.days, flow.revenueDays, usd((flow.perDay as Value).netMicros)], [2, 0, -12.5]);
  const found = await ask(cli, 'finance reinvestment');
  assert.deepEqual([found.settledProfitMicros, found.reinvestMicros, found.withdrawMicros].map(usd), [-25, 0, 0]);
  const top = await ask(cli, 'finance top');
  assert.deepEqual([top.top, rowsOf(top.bottom, 'id', 'profitMicros')], [[], [['shop', -25]]]);
  const target = await ask(cli, 'finance targets');
  assert.deepEqual([target.reachedBps, usd(target.neededMicros), target.tracking], [0, 5025, 'behind']);
  assert.match((await nova(cli, ['finance', 'pnl'])).out, /refunds +-\$25\.00/);
});

test('every answer fits 80 columns, whatever the names and amounts', async () => {
  const cli = await november();
  const name = 'an-agent-whose-name-is-as-long-as-may-be';
  await hasAgent(cli, name, { since: '2026-11-02T12:00:00Z', department: 'customer-relations' });
  await hasCost(cli, name, { date: '2026-11-28', usd: 123_456_789_012n, runs: 123_456 });
  await hasEntry(cli, { at: '2026-11-28T12:00:00Z', usd: 1_234_567, agent: name });
  await hasEntry(cli, { at: '2026-11-28T13:00:00Z', usd: -987_654, agent: name, kind: 'refund' });
  for (const line of [...COMMANDS, 'status', 'budget history', 'costs --limit 1']) {
    const { out, code, err } = await nova(cli, line.split(' '));
    assert.equal(code, 0, `${line}: ${err}`);
    for (const row of out.split('\n')) assert.ok(row.length <= 80, `${line}: ${row.length}: ${row}`);
  }
});

test('days that make no sense are refused with what is allowed', async () => {
  const cli = await november();
  const refused = async (...words: string[]) => (await nova(cli, ['finance', 'revenue', ...words])).err;
  assert.match(await refused('--from', '2026-13-01'), /--from: .*YYYY-MM-DD/);
  assert.match(await refused('--from', '2026-11-02', '--to', '2026-11-01'), /earlier to the later/);
  assert.match(await refused('--period', 'week', '--from', '2026-11-01'), /either --period or/);
  assert.match(await refused('--period', 'fortnight'), /expected one of today, week, month, quarter, year, all/);
});

test('the chart is a file of its own, the same bytes for the same money', async () => {
  const cli = await november();
  const folder = mkdtempSync(join(tmpdir(), 'nova-chart-'));
  const draw = async (name: string): Promise<string> => {
    const file = join(folder, name);
    const { code } = await nova(cli, ['finance', 'timeline', ...NOVEMBER, '--chart', file]);
    assert.equal(code, 0);
    return readFileSync(file, 'utf8');
  };
  const [once, again] = [await draw('a.svg'), await draw('b.svg')];
  assert.equal(once, again);
  assert.match(once, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.equal(once.match(/<rect [^>]*fill="#2f8f5b"/g)?.length, 31);
  assert.match(once, /<polyline points="[^"]*"/);
  assert.equal((await nova(cli, ['finance', 'timeline', '--chart', join(folder, 'a.svg')])).code, 5);
});
