/** Targets, shares, alerts, advice, settled money: rules about money, by their edges. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sparkline } from '../../cli/render/sparkline.ts';
import { todoFor } from '../../shared/domain/alert/register.ts';
import { type AlertFacts, financeAlerts } from '../../shared/domain/finance/alerts.ts';
import { budgetPace, runwayDays } from '../../shared/domain/finance/burn.ts';
import { costShareOf } from '../../shared/domain/finance/cost-share.ts';
import { csv } from '../../shared/domain/finance/csv.ts';
import { milestones } from '../../shared/domain/finance/milestones.ts';
import { adviceOf, type Buckets, bucketsOf, systemHealth } from '../../shared/domain/finance/overview.ts';
import { reinvestment } from '../../shared/domain/finance/reinvestment.ts';
import { ratingOf } from '../../shared/domain/finance/roi.ts';
import { NO_RESERVES } from '../../shared/domain/finance/settled.ts';
import { perPart, ratioBps, shareBps } from '../../shared/domain/finance/share.ts';
import { datesOf, daysBetween, monthOf, spanBefore, spanOf } from '../../shared/domain/finance/span.ts';
import { checkedTargets, DEFAULT_TARGETS, progressOf, targetMonth } from '../../shared/domain/finance/targets.ts';
import type { LedgerEntry } from '../../shared/domain/ledger.ts';

const USD = 1_000_000;

test('ratings begin at 500, 300, 100 and 0 per cent; without cost there is none', () => {
  const seen = [50_000, 49_999, 30_000, 29_999, 10_000, 9999, 0, -1, null].map(ratingOf);
  assert.deepEqual(seen, ['excellent', 'good', 'good', 'fair', 'fair', 'poor', 'poor', 'negative', 'unknown']);
});

test('costs are healthy up to 5 % of the revenue, a warning up to 10, and nothing is healthy without revenue', () => {
  const at = (cost: number, net: number) => costShareOf(cost, net).costStatus;
  assert.deepEqual([at(5, 100), at(10, 100), at(0, 100)], ['healthy', 'warning', 'healthy']);
  // A micro-dollar above each edge, which the rounded share does not show.
  assert.deepEqual([at(50_001, 1_000_000), at(100_001, 1_000_000)], ['warning', 'critical']);
  assert.deepEqual(costShareOf(0, 0), { costShareBps: null, costStatus: 'no_revenue' });
  assert.equal(at(10, -5), 'no_revenue');
});

test('periods are days up to today; dates are both included; a wrong mix is refused', () => {
  const now = Date.UTC(2026, 10, 20, 3); // Still the 19th in New York.
  const rules = { timezone: 'America/New_York', fallback: 'month' } as const;
  const days = (period: 'today' | 'week' | 'quarter' | 'year') => spanOf({ period }, now, rules);
  assert.deepEqual([days('today').from, days('today').to], ['2026-11-19', '2026-11-19']);
  assert.deepEqual(
    [days('week').from, days('quarter').from, days('year').from],
    ['2026-11-13', '2026-08-22', '2025-11-20'],
  );
  assert.equal(spanOf({}, now, rules).from, '2026-10-21');
  assert.equal(spanOf({ period: 'all' }, now, rules).from, null);
  assert.deepEqual(spanOf({ from: '2026-11-01' }, now, rules).to, '2026-11-19');
  assert.throws(() => spanOf({ from: '2026-12-01' }, now, rules), { code: 'bad_input' });
  assert.throws(() => spanOf({ period: 'week', to: '2026-11-01' }, now, rules), { code: 'bad_input' });
  assert.throws(() => spanOf({ from: '0202-01-01' }, now, rules), { code: 'bad_input' });
  const before = spanBefore(days('week'));
  assert.deepEqual([before?.from, before?.to], ['2026-11-06', '2026-11-12']);
  assert.equal(daysBetween('2026-03-01', '2026-03-31'), 31);
  assert.deepEqual(monthOf('2028-02-10'), { from: '2028-02-01', to: '2028-02-29' });
});

test('target months are counted from the start, not by the calendar; the last target holds for ever', () => {
  const month = (today: string) => targetMonth(DEFAULT_TARGETS, '2026-11-20', today);
  const seen = (today: string) => [
    month(today).number,
    month(today).from,
    month(today).to,
    month(today).targetMicros / USD,
  ];
  assert.deepEqual(seen('2026-11-20'), [1, '2026-11-20', '2026-12-19', 5000]);
  assert.deepEqual(seen('2026-12-19'), [1, '2026-11-20', '2026-12-19', 5000]);
  assert.deepEqual(seen('2026-12-20'), [2, '2026-12-20', '2027-01-19', 8000]);
  assert.deepEqual(seen('2029-01-01'), [26, '2028-12-20', '2029-01-19', 200_000]);
  assert.deepEqual(seen('2026-11-01'), [1, '2026-11-20', '2026-12-19', 5000]);
  // Started on a 31st: the months that have none begin on their last day.
  const late = (today: string) => targetMonth(DEFAULT_TARGETS, '2027-01-31', today);
  assert.deepEqual(
    [late('2027-02-28').from, late('2027-02-28').to, late('2027-03-31').number],
    ['2027-02-28', '2027-03-30', 3],
  );
  assert.deepEqual([month('2026-11-20').dailyMicros, month('2026-11-20').aiBudgetMicros], [166_666_667, 250 * USD]);
  assert.throws(() => checkedTargets({ ...DEFAULT_TARGETS, monthsMicros: [] }), { code: 'bad_input' });
  assert.throws(() => checkedTargets({ ...DEFAULT_TARGETS, monthsMicros: [-1] }), { code: 'bad_input' });
});

test('on track is one question with one answer: from 80 % of what the day asks for, ahead from 120', () => {
  const plan = { ...DEFAULT_TARGETS, monthsMicros: [3000 * USD] };
  const on = (today: string, net: number) =>
    progressOf(targetMonth(plan, '2026-12-01', today), { netMicros: net * USD, costMicros: 0 });
  // Day 10 of 30: $1,000.
  assert.equal(on('2026-12-10', 0).expectedMicros, 1000 * USD);
  const tracking = [799, 800, 1199, 1200].map((net) => on('2026-12-10', net).tracking);
  assert.deepEqual(tracking, ['behind', 'on_track', 'on_track', 'ahead']);
  // A 31st day asks for no more than the target.
  assert.equal(on('2026-12-31', 0).expectedMicros, 3000 * USD);
  assert.deepEqual([on('2026-12-10', 5000).neededMicros, on('2026-12-10', 1500).reachedBps], [0, 5000]);
});

test('a milestone has the date of its first day, and stays reached', () => {
  const plan = { ...DEFAULT_TARGETS, monthsMicros: [USD] };
  const days = datesOf('2026-11-20', '2027-01-25').map((id) => ({ id, netMicros: 0, costMicros: 0 }));
  const put = (id: string, net: number, cost: number) => {
    const at = days.findIndex((day) => day.id === id);
    days[at] = { id, netMicros: net * USD, costMicros: cost * USD };
  };
  put('2026-11-21', 1, 2); // The first dollar, and two spent on it.
  put('2026-12-19', 5000, 249); // The first month ends with 251 of 5,001: 5.02 %.
  put('2026-12-20', 48_000, 2400);
  put('2026-12-30', 2000, 100); // 50,000 in the second month, 2,500 of it spent: 5 %.
  put('2027-01-05', -60_000, 0);
  const found = Object.fromEntries(milestones(days, plan, '2026-11-20').map(({ id, reachedOn }) => [id, reachedOn]));
  assert.deepEqual(found, {
    ...{ first_dollar: '2026-11-21', first_1k: '2026-12-19', first_10k: '2026-12-20', cost_positive: '2026-12-19' },
    // The refund of January fell into the second month, which ended with nothing.
    ...{ ai_sustainable: null, first_50k_month: '2026-12-30', first_100k_month: null, first_200k_month: null },
  });
  put('2027-01-05', 0, 0);
  const [, , , , sustainable] = milestones(days, plan, '2026-11-20');
  assert.deepEqual(sustainable, { id: 'ai_sustainable', reachedOn: '2027-01-19' });
});

const NOW = Date.UTC(2026, 10, 20);
const DAY = 86_400_000;
let count = 0;
function entry(usd: number, daysAgo: number, fields: Partial<LedgerEntry> = {}): LedgerEntry {
  const movementId = `m${++count}`;
  return {
    ...{ id: `stripe:${movementId}`, source: 'stripe', movementId, kind: 'revenue', bucket: 'revenue' },
    ...{ at: NOW - daysAgo * DAY, bookedAt: NOW, agentId: null, attribution: { method: 'none', confidenceBps: 0 } },
    ...{ amountMinor: BigInt(usd * 100), currency: 'USD', exponent: 2, amountMicros: usd * USD, count: 1 },
    ...{ paymentKey: null, originalRef: { eventId: '', objectId: '' }, livemode: true, note: '' },
    ...fields,
  };
}
const settled = (entries: readonly LedgerEntry[]) =>
  reinvestment({ entries, costs: [] }, { shareBps: 7000, settleDays: 7, now: NOW, ...NO_RESERVES });

test('young revenue waits, refunds count at once, and a loss is never “available”', () => {
  const found = settled([entry(100, 10), entry(50, 2)]);
  assert.deepEqual([found.settledProfitMicros, found.pendingMicros], [100 * USD, 50 * USD]);
  assert.deepEqual([found.reinvestMicros, found.withdrawMicros], [70 * USD, 30 * USD]);
  const loss = settled([entry(-50, 1, { kind: 'refund', bucket: 'refund' })]);
  assert.deepEqual([loss.settledProfitMicros, loss.reinvestMicros], [-50 * USD, 0]);
});

test('a payment settles as a whole: its refund and its correction wait with it, the vendor’s date rules', () => {
  const paymentKey = 'ch_1';
  const back = entry(-40, 1, { kind: 'refund', bucket: 'refund', paymentKey });
  assert.deepEqual(settled([entry(100, 2, { paymentKey }), back]).pendingMicros, 60 * USD);
  assert.equal(settled([entry(100, 2, { paymentKey }), back]).settledNetMicros, 0);
  // What the buyer saw is replaced by what reached the balance, payable yesterday or tomorrow.
  const replaced = (availableAt: number) =>
    settled([
      entry(100, 2, { paymentKey }),
      entry(-100, 2, { kind: 'adjustment', paymentKey, count: -1 }),
      entry(97, 2, { kind: 'adjustment', paymentKey, availableAt }),
    ]);
  assert.deepEqual([replaced(NOW - DAY).settledNetMicros, replaced(NOW - DAY).pendingMicros], [97 * USD, 0]);
  assert.deepEqual([replaced(NOW + DAY).settledNetMicros, replaced(NOW + DAY).pendingMicros], [0, 97 * USD]);
});

const NOBODY: AlertFacts = {
  ...{ agents: [], budgets: [] },
  money: {
    ...{ revenueMicros: 0, costMicros: 0, profitMicros: 0, roiBps: null },
    costShareBps: null,
    costStatus: 'no_revenue',
  },
};
const agent = (roiBps: number | null, runs = 11, crashed = 0) => ({
  ...{ id: 'a', runs, crashed, costMicros: 1, roiBps },
  observed: true,
});
const rulesOf = (facts: Partial<AlertFacts>): string[] =>
  financeAlerts({ ...NOBODY, ...facts }).map(({ rule }) => rule);

test('alerts about agents need more than ten runs', () => {
  assert.deepEqual(rulesOf({ agents: [agent(-500)] }), ['negative_roi']);
  assert.deepEqual(rulesOf({ agents: [agent(-500, 10)] }), []);
  assert.deepEqual(rulesOf({ agents: [agent(0)] }), ['low_roi']);
  assert.deepEqual(rulesOf({ agents: [agent(10_000)] }), []);
  assert.deepEqual(rulesOf({ agents: [agent(null)] }), []);
  assert.deepEqual(rulesOf({ agents: [agent(10_000, 15, 3)] }), []);
  assert.deepEqual(rulesOf({ agents: [agent(10_000, 15, 4)] }), ['high_crash_rate']);
  assert.deepEqual(rulesOf({ agents: [agent(-1001)] }), ['negative_roi', 'negative_roi_agents']);
  // Nothing has come in, and nothing could have yet; that it crashes can be said all the same.
  assert.deepEqual(rulesOf({ agents: [{ ...agent(-10_000, 11, 3), observed: false }] }), ['high_crash_rate']);
  const [told] = financeAlerts({ ...NOBODY, agents: [agent(-500)] });
  assert.equal(told?.recommendation, todoFor('negative_roi', 'a'));
});

test('alerts about budgets and the month; the critical ones come first', () => {
  const budget = (status: 'warning' | 'exceeded') => [{ id: 'fleet', status, percent: 80 }];
  assert.deepEqual(rulesOf({ budgets: budget('warning') }), ['budget_warning']);
  const money = { revenueMicros: 10, costMicros: 20, profitMicros: -10, roiBps: -5000, ...costShareOf(20, 10) };
  assert.deepEqual(rulesOf({ budgets: budget('warning'), money }), [
    'cost_percent_exceeded',
    'negative_profit',
    'month_roi',
    'budget_warning',
  ]);
  assert.deepEqual(rulesOf({ money: { ...NOBODY.money, costMicros: 5 } }), ['no_revenue']);
  // Something came in, and more went back.
  const back = { ...NOBODY.money, costMicros: 5, revenueMicros: -3, profitMicros: -8 };
  assert.deepEqual(rulesOf({ money: back }), ['negative_profit']);
});

test('health is the share of high agents among the clear cases, and needs to be on track for more than fair', () => {
  const buckets = bucketsOf([30_000, 29_999, 10_000, 9999, 0, -1, null]);
  assert.deepEqual(buckets, { high: 1, middle: 2, low: 2, negative: 1, unrated: 1 });
  const health = (high: number, low: number, onTrack = true) =>
    systemHealth({ ...({ middle: 9, negative: 0, unrated: 0 } as Buckets), high, low }, onTrack, 9);
  assert.deepEqual([health(3, 2), health(2, 3), health(1, 4), health(1, 5)], ['excellent', 'good', 'fair', 'poor']);
  assert.equal(health(5, 0, false), 'fair');
  assert.equal(systemHealth(buckets, true, 0), 'no_agents');
});

test('advice follows from the numbers', () => {
  const target = progressOf(targetMonth(DEFAULT_TARGETS, '2026-11-20', '2026-11-29'), { netMicros: 0, costMicros: 0 });
  const codes = (buckets: Partial<Buckets>, departments: { id: string; netMicros: number }[] = []) =>
    adviceOf({
      buckets: { high: 0, middle: 0, low: 0, negative: 0, unrated: 0, ...buckets },
      ...{ target: { ...target, tracking: 'on_track' }, losers: ['x'], departments },
    }).map(({ code }) => code);
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ high: 3, negative: 1 }), ['pause_negative', 'scale_winners']);
  assert.deepEqual(codes({ low: 2, middle: 1 }), ['majority_low', 'none_high']);
  assert.deepEqual(
    codes({}, [
      { id: 'sales', netMicros: 99 * USD },
      { id: 'operations', netMicros: 0 },
    ]),
    ['department_low'],
  );
  const [first] = adviceOf({ buckets: bucketsOf([]), target, losers: [], departments: [] });
  assert.equal(first?.text, 'behind the target of month 1: $5,000.00 more needed by 2026-12-19');
});

test('shares and averages are whole numbers, also of large and negative sums', () => {
  assert.deepEqual([shareBps(1, 3), shareBps(-1, 3), shareBps(1, 0)], [3333, 0, null]);
  assert.deepEqual([ratioBps(-1, 3), ratioBps(9e15, 9e15), ratioBps(0, 5)], [-3333, 10_000, 0]);
  assert.deepEqual(
    [perPart(10, 4), perPart(-10, 4), perPart(9_007_199_254_740_991, 1), perPart(1, 3)],
    [3, -3, 9_007_199_254_740_991, 0],
  );
});

test('runway is whole days of net burn; who earns more than he spends has no end', () => {
  assert.deepEqual(
    [runwayDays(100, 30), runwayDays(100, 0), runwayDays(100, -5), runwayDays(0, 5)],
    [3, null, null, 0],
  );
  const day = { startMs: 0, endMs: 100 };
  const pace = (spentMicros: number, now: number) => budgetPace({ limitMicros: 10, spentMicros }, day, now).exhaustedMs;
  assert.deepEqual([pace(5, 40), pace(5, 50), pace(0, 50), pace(12, 50)], [80, null, null, 50]);
});

test('cells that a spreadsheet would run are made text, numbers stay numbers', () => {
  const line = (value: string | number | null) => csv(['a'], [[value]]).split('\r\n')[1];
  for (const formula of ['=1+1', '+cmd', '-cmd', '@SUM(A1)', '＝1']) assert.equal(line(formula), `'${formula}`);
  assert.deepEqual([line('-12.50'), line(-3), line('1e5'), line(null)], ['-12.50', '-3', '1e5', '']);
  assert.deepEqual(
    [line('a,b'), line('say "hi"'), line('\t=x'), line(' x')],
    ['"a,b"', '"say ""hi"""', `"'\t=x"`, '" x"'].map((s) => s.replace(`"'\t=x"`, `'\t=x`)),
  );
  assert.equal(line('two\nlines'), '"two\nlines"');
});

test('a sparkline stands on zero: gains above, losses below, a dot for nothing', () => {
  assert.equal(sparkline([0, 1, 4, 8]), '·▁▄█');
  assert.equal(sparkline([-8, -4, 8]), '▀▔█');
  assert.equal(sparkline([0, 0]), '··');
  assert.equal(sparkline([]), '');
});
