/** Whatever the ledger, however it is cut: the parts add up to the whole, to the micro-dollar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Books, departmentsOf, within } from '../../shared/domain/finance/books.ts';
import { cashFlow } from '../../shared/domain/finance/cash-flow.ts';
import { costReport } from '../../shared/domain/finance/cost.ts';
import { revenueReport } from '../../shared/domain/finance/income.ts';
import { profitAndLoss } from '../../shared/domain/finance/profit-and-loss.ts';
import { reinvestment } from '../../shared/domain/finance/reinvestment.ts';
import { roiReport } from '../../shared/domain/finance/roi.ts';
import { NO_RESERVES } from '../../shared/domain/finance/settled.ts';
import { sumOf } from '../../shared/domain/finance/share.ts';
import { datesOf } from '../../shared/domain/finance/span.ts';
import { condensed, dailyTimeline, hourlyTimeline } from '../../shared/domain/finance/timeline.ts';
import { BUCKET_OF, type LedgerEntry, type MovementKind } from '../../shared/domain/ledger.ts';
import { addDays, dayBounds } from '../../shared/domain/period.ts';

const ZONES = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC'];
const KINDS: readonly MovementKind[] = ['revenue', 'revenue', 'revenue', 'refund', 'fee', 'dispute', 'payout'];

/** Mulberry32: small, seeded, good enough to scatter. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function randomBooks(seed: number): Books {
  const roll = dice(seed);
  const timezone = ZONES[roll(ZONES.length)] ?? 'UTC';
  // Around both changes of the clocks, on both halves of the earth.
  const from = addDays(
    ['2026-03-01', '2026-10-01', '2026-04-01', '2026-10-03'][roll(4)] ?? '2026-03-01',
    roll(2) * roll(20),
  );
  const to = addDays(from, roll(40));
  const start = dayBounds(from, timezone).startMs;
  const length = dayBounds(to, timezone).endMs - start;
  const agents = ['a', 'b', 'c'].map((id) => ({ id, department: `d${roll(2)}`, status: 'active', createdAt: start }));
  const whose = (): string | null => ['a', 'b', 'c', 'gone', null][roll(5)] ?? null;
  const entries = Array.from({ length: roll(200) }, (_, n): LedgerEntry => {
    const kind = KINDS[roll(KINDS.length)] ?? 'revenue';
    const minor = (kind === 'revenue' ? 1 : -1) * roll(1_000_000);
    const foreign = roll(10) === 0;
    const at = start + roll(length);
    return {
      ...{
        id: `stripe:${n}`,
        source: roll(3) ? 'stripe' : 'manual',
        movementId: `${n}`,
        kind,
        bucket: BUCKET_OF[kind],
      },
      ...{ at, bookedAt: at, agentId: whose(), attribution: { method: 'metadata', confidenceBps: 10_000 } },
      ...{ amountMinor: BigInt(minor), currency: foreign ? 'EUR' : 'USD', exponent: 2 },
      ...{ amountMicros: foreign ? null : minor * 10_000, count: 1, paymentKey: roll(2) ? `p${roll(30)}` : null },
      ...{ originalRef: { eventId: '', objectId: '' }, livemode: true, note: '' },
    };
  });
  const costs = datesOf(from, to).flatMap((date) =>
    agents.map(({ id, department }) => ({
      agentId: id,
      department,
      date,
      runs: 2,
      succeeded: 1,
      costMicros: roll(9_999_999),
    })),
  );
  return { span: { period: 'custom', from, to, timezone }, since: from, agents, entries, costs };
}

test('agents, departments, sources, days and halves each add up to the total', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const books = randomBooks(seed);
    const { total, bySource, byAgent, byDepartment } = revenueReport(books.entries, departmentsOf(books));
    for (const rows of [bySource, byAgent, byDepartment]) {
      for (const sum of ['revenueMicros', 'refundMicros', 'feeMicros', 'netMicros', 'entries'] as const)
        assert.equal(
          sumOf(rows, (row) => row[sum]),
          total[sum],
          `seed ${seed}: ${sum}`,
        );
    }
    const { costMicros, byAgent: spent, byDepartment: departments } = costReport(books.costs);
    assert.equal(
      sumOf(spent, (row) => row.costMicros),
      costMicros,
    );
    assert.equal(
      sumOf(departments, (row) => row.costMicros),
      costMicros,
    );

    const { rows } = dailyTimeline(books);
    assert.equal(
      sumOf(rows, ({ profitMicros }) => profitMicros),
      total.netMicros - costMicros,
      `seed ${seed}: days`,
    );
    assert.equal(
      sumOf(rows, ({ events }) => events),
      total.entries,
    );
    assert.equal(
      sumOf(condensed(rows, 7), ({ profitMicros }) => profitMicros),
      total.netMicros - costMicros,
    );
    assert.ok(condensed(rows, 7).length <= 7);

    const { profitMicros } = profitAndLoss(books);
    assert.equal(profitMicros, total.netMicros - costMicros);
    assert.equal(cashFlow(books).netMicros, profitMicros);
    assert.equal(roiReport(books).total.profitMicros, profitMicros);
    const middle = addDays(books.since, Math.floor(rows.length / 2));
    const halves = [within(books, books.since, addDays(middle, -1)), within(books, middle, books.span.to)];
    if (middle > books.since)
      assert.equal(
        sumOf(halves, (half) => profitAndLoss(half).profitMicros),
        profitMicros,
      );

    const rules = {
      shareBps: 7000,
      settleDays: 7,
      now: dayBounds(books.span.to, books.span.timezone).endMs,
      ...NO_RESERVES,
    };
    const back = reinvestment(books, rules);
    assert.equal(back.settledNetMicros + back.pendingMicros, total.netMicros);
    assert.equal(back.reinvestMicros + back.withdrawMicros, Math.max(0, back.settledProfitMicros));
  }
});

test('the hours of every day add up to the day, however many there are', () => {
  const lengths = new Set<number>();
  for (let seed = 1; seed <= 250; seed++) {
    const books = randomBooks(seed);
    for (const { id, netMicros, events } of dailyTimeline(books).rows) {
      const day = within(books, id, id);
      const { rows, unplacedCostMicros } = hourlyTimeline(day, []);
      const { startMs, endMs } = dayBounds(id, books.span.timezone);
      assert.deepEqual([rows[0]?.startMs, rows.at(-1)?.endMs], [startMs, endMs], `seed ${seed}: ${id}`);
      assert.equal(
        sumOf(rows, (row) => row.netMicros),
        netMicros,
      );
      assert.equal(
        sumOf(rows, (row) => row.events),
        events,
      );
      assert.equal(
        unplacedCostMicros,
        sumOf(day.costs, ({ costMicros }) => costMicros),
      );
      lengths.add((endMs - startMs) / 3_600_000);
    }
  }
  assert.deepEqual(
    [...lengths].sort((a, b) => a - b),
    [23, 23.5, 24, 24.5, 25],
  );
});
