import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CostDay, costReport } from '../../shared/domain/finance/cost.ts';
import { revenueReport } from '../../shared/domain/finance/income.ts';
import { NO_INCOME, roiRow, roiTable, topPerformers } from '../../shared/domain/finance/roi.ts';
import { dailyTimeline } from '../../shared/domain/finance/timeline.ts';
import { type LedgerEntry, UNATTRIBUTED_ID } from '../../shared/domain/ledger.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
let count = 0;

function entry(agentId: string | null, usd: number, fields: Partial<LedgerEntry> = {}): LedgerEntry {
  const movementId = `m${++count}`;
  return {
    id: `stripe:${movementId}`,
    source: 'stripe',
    movementId,
    kind: usd < 0 ? 'refund' : 'revenue',
    bucket: usd < 0 ? 'refund' : 'revenue',
    at: NOON,
    bookedAt: NOON,
    agentId,
    attribution: { method: agentId === null ? 'none' : 'metadata', confidenceBps: 10_000 },
    amountMinor: BigInt(usd) * 100n,
    currency: 'USD',
    exponent: 2,
    amountMicros: usd * 1_000_000,
    count: 1,
    paymentKey: null,
    originalRef: { eventId: 'evt_1', objectId: 'ch_1' },
    livemode: true,
    note: '',
    ...fields,
  };
}

const cost = (agentId: string, department: string, date: string, dollars: number, runs = 10): CostDay => ({
  agentId,
  department,
  date,
  runs,
  succeeded: runs,
  costMicros: dollars * 1_000_000,
});

const departments = new Map([
  ['shop', 'product'],
  ['leads', 'sales'],
]);

test('revenue is net of refunds and fees, by source, agent and department, with nobody’s money in sight', () => {
  const fee = entry('shop', -1, { kind: 'fee', bucket: 'fee' });
  const entries = [entry('shop', 50), entry('shop', -20), fee, entry('leads', 10, { source: 'agent' }), entry(null, 5)];
  const report = revenueReport(entries, departments);
  const { revenueMicros, refundMicros, feeMicros, netMicros } = report.total;
  assert.deepEqual(
    [revenueMicros, refundMicros, feeMicros, netMicros],
    [65_000_000, 20_000_000, 1_000_000, 44_000_000],
  );
  assert.equal(report.unattributed.netMicros, 5_000_000);
  const lines = (rows: typeof report.byAgent) =>
    rows.map(({ id, netMicros: net, shareBps }) => [id, net / 1_000_000, shareBps]);
  assert.deepEqual(lines(report.byAgent), [
    ['shop', 29, 6590],
    ['leads', 10, 2272],
    [UNATTRIBUTED_ID, 5, 1136],
  ]);
  assert.deepEqual(lines(report.byDepartment), [
    ['product', 29, 6590],
    ['sales', 10, 2272],
    [UNATTRIBUTED_ID, 5, 1136],
  ]);
  assert.deepEqual(lines(report.bySource), [
    ['stripe', 34, 7727],
    ['agent', 10, 2272],
  ]);
});

test('foreign money without a rate is shown beside the dollars, never in them', () => {
  const euros = entry('shop', 30, { currency: 'EUR', amountMicros: null });
  const { total } = revenueReport([euros, entry('shop', 1)], departments);
  assert.equal(total.netMicros, 1_000_000);
  assert.deepEqual(total.unconverted, { EUR: 3000n });
});

test('an agent from whom everything was moved away is no line', () => {
  const away = entry('leads', -10, { kind: 'adjustment', bucket: 'revenue', count: -1 });
  const report = revenueReport([entry('leads', 10), away], departments);
  assert.deepEqual(report.byAgent, []);
});

test('costs are summed by agent and department, the dearest first', () => {
  const days = [
    cost('shop', 'product', '2026-11-19', 2),
    cost('leads', 'sales', '2026-11-20', 7),
    cost('shop', 'product', '2026-11-20', 1),
  ];
  const report = costReport(days);
  assert.deepEqual([report.costMicros, report.runs], [10_000_000, 30]);
  assert.deepEqual(
    report.byAgent.map(({ id }) => id),
    ['leads', 'shop'],
  );
  assert.deepEqual(report.byDepartment[1], {
    id: 'product',
    runs: 20,
    succeeded: 20,
    costMicros: 3_000_000,
    shareBps: 3000,
  });
});

test('ROI is profit over cost; who spent nothing has none, who only spent has minus one hundred per cent', () => {
  const { byAgent } = revenueReport([entry('shop', 50), entry(null, 5)], departments);
  const rows = roiTable(
    byAgent,
    [cost('shop', 'product', 'd', 10), cost('leads', 'sales', 'd', 4)].map((day) => ({
      id: day.agentId,
      shareBps: null,
      ...day,
    })),
  );
  const seen = rows.map(({ id, profitMicros, roiBps }) => [id, profitMicros / 1_000_000, roiBps]);
  assert.deepEqual(seen, [
    ['shop', 40, 40_000],
    [UNATTRIBUTED_ID, 5, null],
    ['leads', -4, -10_000],
  ]);
});

test('top performers are ranked by profit, not by revenue; losers and nobody are not among them', () => {
  const row = (id: string, net: number, spent: number) =>
    roiRow(id, { ...NO_INCOME, netMicros: net }, { runs: 1, succeeded: 1, costMicros: spent });
  const best = topPerformers([
    row('big', 100, 90),
    row('lean', 50, 10),
    row('loser', 5, 9),
    row(UNATTRIBUTED_ID, 99, 0),
  ]);
  assert.deepEqual(
    best.map(({ id, shareBps }) => [id, shareBps]),
    [
      ['lean', 8000],
      ['big', 2000],
    ],
  );
  assert.equal(topPerformers([row('big', 100, 90), row('lean', 50, 10)], 1).length, 1);
});

test('the timeline has a row for every day of the owner’s zone, also for the empty ones', () => {
  // 02:00 UTC on the 20th is the evening of the 19th in New York.
  const late = entry('shop', 10, { at: Date.UTC(2026, 10, 20, 2) });
  const costs = [cost('shop', 'product', '2026-11-20', 3)];
  const span = { period: 'custom', from: '2026-11-18', to: '2026-11-21', timezone: 'America/New_York' } as const;
  const books = { span, since: '2026-11-18', agents: [], entries: [late, entry('shop', 5)], costs };
  const seen = dailyTimeline(books).rows.map(({ id, netMicros, costMicros, profitMicros }) => [
    id,
    netMicros / 1e6,
    costMicros / 1e6,
    profitMicros / 1e6,
  ]);
  assert.deepEqual(seen, [
    ['2026-11-18', 0, 0, 0],
    ['2026-11-19', 10, 0, 10],
    ['2026-11-20', 5, 3, 2],
    ['2026-11-21', 0, 0, 0],
  ]);
});
