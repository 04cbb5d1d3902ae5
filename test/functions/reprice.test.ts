/** History at other prices, by hand: a price that changes in the middle of a month, and what the commands say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repriceRuns, spentOn } from '../../shared/domain/finance/reprice.ts';
import { PRICE_ROWS, type PriceRow, pricesAt, priceTable, tokenItem } from '../../shared/domain/price-table.ts';
import { feeItem, receiptOf, type Usage } from '../../shared/domain/receipt.ts';
import { encodeUsage } from '../../shared/domain/receipt-code.ts';
import { type Outcome, tickSlot } from '../../shared/domain/run.ts';
import { type ReceiptFacts, runReceipt } from '../../shared/domain/run-receipt.ts';
import { encodeRecord } from '../../shared/store/instance-item.ts';
import { instanceKey } from '../../shared/store/keys.ts';
import { nova, novaJson } from '../fixtures/cli-world.ts';
import { financeWorld, hasAgent } from '../fixtures/finance-world.ts';

const MODEL = 'claude-haiku-4-5';
const INPUT = tokenItem(MODEL, 'input');
const OUTPUT = tokenItem(MODEL, 'output');
const [output] = PRICE_ROWS.filter(({ item }) => item === OUTPUT);
assert.ok(output);
/** From the 16th of November 2026 a million tokens of output cost $4 instead of $5. */
const ROWS: readonly PriceRow[] = [...PRICE_ROWS, { ...output, nanos: 4_000_000_000, since: '2026-11-16' }];

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 10, 1, 12);

/** A run of this day of November, charged by the prices of its claim. */
function ran(day: number, usage: readonly Usage[]): ReceiptFacts {
  const table = pricesAt(FIRST + (day - 1) * DAY, ROWS);
  const { totalMicros, version } = receiptOf(usage, table);
  return {
    ...{ status: 'succeeded', attempt: 1, durationMs: 1_500, costMicros: totalMicros, lost: false },
    ...{ timeoutSeconds: 60, nanosPerSecond: 0, used: { version, usage, lostTokens: 0 } },
  };
}

const tokens = (input: number, out: number): Usage[] => [
  { item: INPUT, quantity: input },
  { item: OUTPUT, quantity: out },
];

test('a price that changes in the middle of the month: each run by its claim, and history at either', () => {
  const runs = [
    // 1,000 × $1 + 1,000 × $5 a million = 6,000 µ$.
    { agentId: 'ada', facts: ran(14, tokens(1_000, 1_000)) },
    // On the 15th still: 200 + 5 × 300 = 1,700, and 50 that a tool told: 1,750.
    { agentId: 'bob', facts: ran(15, [...tokens(200, 300), { item: feeItem('search'), quantity: 50 }]) },
    // On the 16th: 1,000 × $1 + 1,000 × $4 = 5,000.
    { agentId: 'ada', facts: ran(16, tokens(1_000, 1_000)) },
  ];
  assert.deepEqual(
    runs.map(({ facts }) => facts.costMicros),
    [6_000, 1_750, 5_000],
  );
  assert.deepEqual(
    runs.map(({ facts }) => facts.used?.version),
    ['2025-11-24', '2025-11-24', '2026-11-16'].map((date) => priceTable(date, ROWS).version),
  );
  const versionOf = (version: string) => priceTable(version, ROWS);
  for (const { facts } of runs) {
    const { lines, totalMicros } = runReceipt(facts, undefined, versionOf);
    assert.equal(totalMicros, facts.costMicros);
    assert.equal(
      lines.reduce((sum, { amountMicros }) => sum + amountMicros, 0),
      facts.costMicros,
    );
  }
  // At $4 the first is 5,000 and the second 200 + 4 × 300 + 50 = 1,450: 12,750 were charged, 11,450 it would be.
  const cheaper = runs
    .slice(0, 2)
    .map(({ facts }) => runReceipt(facts, versionOf('2026-11-16'), versionOf).totalMicros);
  assert.deepEqual(cheaper, [5_000, 1_450]);
  // At $5 the third is 6,000.
  assert.equal(runReceipt(ran(16, tokens(1_000, 1_000)), versionOf('2026-11-15'), versionOf).totalMicros, 6_000);
});

const past = (costMicros: number, usage: readonly Usage[], status: Outcome = 'succeeded'): ReceiptFacts => ({
  ...{ status, attempt: 1, durationMs: 1_500, costMicros, lost: false, timeoutSeconds: 60, nanosPerSecond: 0 },
  used: usage.length === 0 ? null : { version: '2024-01-01', usage, lostTokens: 0 },
});
const writes = (quantity: number): Usage[] => [{ item: 'dynamodb.write', quantity }];

test('a period anew: what was charged, what it would be, the difference by agent; what was told stays', () => {
  const runs = [
    // 1,000 writes at 1.25 µ$ = 1,250; since November 2024 they are 625.
    { agentId: 'ada', facts: past(1_250, writes(1_000)) },
    // 3 writes: 3.75, so 4; then 1.875, so 2. With a tool of 10: 14 and 12.
    { agentId: 'bob', facts: past(14, [...writes(3), { item: feeItem('search'), quantity: 10 }]) },
    // Stopped after it had paid.
    { agentId: 'bob', facts: past(125, writes(100), 'cancelled') },
    { agentId: 'bob', facts: past(7, []) },
  ];
  const { agents, ...sum } = repriceRuns(runs, priceTable('2024-11-01'));
  // 1,250 + 14 + 125 + 7 = 1,396; 625 + 12 + 63 (62.5) + 7 = 707.
  assert.deepEqual(sum, {
    ...{ version: '2024-11-01', runs: 4, oldMicros: 1_396, newMicros: 707 },
    ...{ differenceMicros: -689, kept: 1 },
  });
  assert.deepEqual(agents, [
    { id: 'ada', runs: 1, oldMicros: 1_250, newMicros: 625, differenceMicros: -625 },
    { id: 'bob', runs: 3, oldMicros: 146, newMicros: 82, differenceMicros: -64 },
  ]);
  assert.deepEqual(
    spentOn(runs).map(({ id, amountMicros }) => [id, amountMicros]),
    [
      ['dynamodb.write', 1_379],
      ['search', 10],
      ['paid_calls', 7],
      ['compute', 0],
    ],
  );
  assert.throws(() => repriceRuns([{ agentId: 'ada', facts: ran(16, tokens(1, 1)) }], priceTable('2024-11-01')), {
    code: 'unpriced',
  });
});

/** A workspace in which one run asked a model: 1,200 in and 350 out, and told of a search for $0.0025. */
async function asked() {
  const cli = financeWorld('UTC', '2026-11-30T17:00:00Z');
  await hasAgent(cli, 'shop', { since: '2026-11-01T12:00:00Z' });
  const startedAt = Date.parse('2026-11-20T10:00:00Z');
  const usage = [...tokens(1_200, 350), { item: feeItem('search'), quantity: 2_500 }];
  const used = { version: priceTable('2026-11-20').version, usage, lostTokens: 0 };
  const record = encodeRecord({
    ...{ slot: tickSlot(startedAt), outcome: 'succeeded', attempt: 1, startedAt, durationMs: 1_500, note: 'asked' },
    // 1,200 + 1,750 + 2,500.
    ...{ costMicros: 5_450, earnedMicros: 0, receipt: encodeUsage(used, 1_500) ?? '' },
  });
  await cli.world.table.write({ op: 'update', key: instanceKey('shop', 0), set: { j: [record] } });
  return { cli, id: `shop.0.${tickSlot(startedAt)}` };
}

test('the receipt on the terminal: aligned, priced, within 80 columns', async () => {
  const { cli, id } = await asked();
  const { out, code } = await nova(cli, ['run', 'receipt', id]);
  assert.equal(code, 0);
  assert.ok(
    out.split('\n').every((line) => line.length <= 80),
    out,
  );
  assert.match(out, /claude-haiku-4-5, input\s+1,200\s+\$1\/M\s+\$0\.0012/);
  assert.match(out, /claude-haiku-4-5, output\s+350\s+\$5\/M\s+\$0\.00175/);
  assert.match(out, /search\s+1\s+told\s+\$0\.0025/);
  assert.match(out, /total \$0\.00545/);
  const receipt = (await novaJson(cli, ['run', 'receipt', id])) as Record<string, unknown>;
  assert.deepEqual([receipt.totalMicros, receipt.costMicros, receipt.differenceMicros], [5_450, 5_450, 0]);
  assert.deepEqual((receipt.lines as unknown[])[0], {
    ...{ id: INPUT, quantity: 1_200, unit: 'token', priceNanos: 1_000_000_000, per: 1_000_000 },
    ...{ nanosPerSecond: null, amountMicros: 1_200 },
  });
});

test('other prices are asked for by day, and change nothing', async () => {
  const { cli, id } = await asked();
  const before = JSON.stringify(await cli.world.table.get(instanceKey('shop', 0)));
  const one = (await novaJson(cli, ['run', 'receipt', id, '--reprice', '2026-11-15'])) as Record<string, unknown>;
  assert.equal(one.totalMicros, 5_450);
  const report = await nova(cli, ['finance', 'reprice', '--period', 'month', '--prices', '2026-11-01']);
  assert.match(report.out, /shop\s+1\s+\$0\.00545\s+\$0\.00545\s+\$0\.00/);
  // The model was not for sale yet.
  const early = await nova(cli, ['finance', 'reprice', '--period', 'month', '--prices', '2025-01-01']);
  assert.deepEqual([early.code, /"claude-haiku-4-5" has no price/.test(early.err)], [1, true]);
  assert.equal((await nova(cli, ['finance', 'reprice', '--period', 'month'])).code, 2);
  assert.equal(JSON.stringify(await cli.world.table.get(instanceKey('shop', 0))), before);
});

test('costs by kind: tokens by model, and what tools told', async () => {
  const { cli } = await asked();
  const { items } = (await novaJson(cli, ['finance', 'costs', '--period', 'month', '--kinds'])) as {
    items: { id: string; quantity: number; amountMicros: number }[];
  };
  assert.deepEqual(
    items.map(({ id, quantity, amountMicros }) => [id, quantity, amountMicros]),
    [
      ['search', 1, 2_500],
      [OUTPUT, 350, 1_750],
      [INPUT, 1_200, 1_200],
    ],
  );
});
