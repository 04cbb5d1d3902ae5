import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRICES } from '../../infra/aws/price-table.ts';
import { PRICE_ROWS, type PriceRow, priceTable, priceVersions, tokenItem } from '../../shared/domain/price-table.ts';
import { computeMicros } from '../../shared/domain/protocol/cost.ts';
import { lambdaUsage, receiptOf, repriced, type Usage } from '../../shared/domain/receipt.ts';
import { type ReceiptFacts, runReceipt } from '../../shared/domain/run-receipt.ts';

const NOW = '2026-11-20';
const total = (usage: readonly Usage[], date = NOW): number => receiptOf(usage, priceTable(date)).totalMicros;

test('tokens by kind: each of five prices, to the micro-dollar', () => {
  const sonnet = (kind: Parameters<typeof tokenItem>[1], quantity: number): Usage => ({
    item: tokenItem('claude-sonnet-4-5', kind),
    quantity,
  });
  // 1,200 × $3 + 350 × $15 + 10,000 × $0.30 + 2,000 × $3.75 + 100 × $6, per million.
  const usage = [
    sonnet('input', 1200),
    sonnet('output', 350),
    sonnet('cacheRead', 10_000),
    sonnet('cacheWrite5m', 2000),
    sonnet('cacheWrite1h', 100),
  ];
  const receipt = receiptOf(usage, priceTable(NOW));
  assert.deepEqual(
    receipt.lines.map(({ amountMicros }) => amountMicros),
    [3600, 5250, 3000, 7500, 600],
  );
  assert.equal(receipt.totalMicros, 19_950);
});

test('a Lambda run: gigabyte-seconds and its request, like the rate of the stage says', () => {
  // 1 GB for 1.5 s: 1.5 × 13.3334 = 20.0001 µ$, and 0.2 µ$ for the request: 20.2001, so 21.
  assert.equal(total(lambdaUsage(1024, 1500)), 21);
  assert.equal(total(lambdaUsage(1024, 1500).slice(0, 1)), computeMicros(1500, 13_334));
  assert.equal(total(lambdaUsage(512, 60_000)), 401);
});

test('queue, table and mail; the sum is rounded once, whatever the number of lines', () => {
  // 3 × 0.4 + 3 × 0.625 + 0.125 + 100 = 103.2 µ$.
  const usage: Usage[] = [
    { item: 'sqs.request', quantity: 3 },
    { item: 'dynamodb.write', quantity: 3 },
    { item: 'dynamodb.read', quantity: 1 },
    { item: 'email.ses', quantity: 1 },
  ];
  const receipt = receiptOf(usage, priceTable(NOW));
  assert.equal(receipt.totalMicros, 104);
  assert.equal(
    receipt.lines.reduce((sum, { amountMicros }) => sum + amountMicros, 0),
    receipt.totalMicros,
  );
  const thousand = Array.from({ length: 1000 }, (): Usage => ({ item: 'lambda.request', quantity: 1 }));
  assert.equal(total(thousand), 200);
});

test('what has no price is refused before anything is spent on it', () => {
  assert.throws(() => total([{ item: tokenItem('gpt-next', 'input'), quantity: 1 }]), { code: 'unpriced' });
  assert.throws(() => total([{ item: 'sqs.request', quantity: 0.5 }]), { code: 'bad_input' });
  assert.throws(() => total([{ item: 'sqs.request', quantity: -1 }]), { code: 'bad_input' });
  // A model that was not for sale yet.
  assert.throws(() => priceTable('2025-01-01').priceOf(tokenItem('claude-haiku-4-5', 'input')), { code: 'unpriced' });
  assert.throws(() => priceTable('2020-01-01'), { code: 'bad_input' });
});

test('a price that changes in the middle of a month holds from its day, and history can be priced anew', () => {
  const units: Usage[] = [{ item: 'dynamodb.write', quantity: 1_000_000 }];
  const before = receiptOf(units, priceTable('2024-10-31'));
  const after = receiptOf(units, priceTable('2024-11-01'));
  assert.deepEqual([before.totalMicros, after.totalMicros], [1_250_000, 625_000]);
  assert.deepEqual([before.version, after.version], ['2024-01-01', '2024-11-01']);
  assert.deepEqual(repriced(before, priceTable('2024-11-15')), after);
  assert.deepEqual(repriced(after, priceTable(before.version)), before);

  const next: PriceRow = { ...(PRICE_ROWS.find(({ item }) => item === 'sqs.request') as PriceRow), nanos: 500_000_000 };
  const rows = [...PRICE_ROWS, { ...next, since: '2026-11-16' }];
  const million: Usage[] = [{ item: 'sqs.request', quantity: 1_000_000 }];
  assert.equal(receiptOf(million, priceTable('2026-11-15', rows)).totalMicros, 400_000);
  assert.equal(receiptOf(million, priceTable('2026-11-16', rows)).totalMicros, 500_000);
});

test('every price is a positive whole number with a source, and every version can be asked for', () => {
  for (const { item, nanos, per, source, checked } of PRICE_ROWS) {
    assert.ok(Number.isSafeInteger(nanos) && nanos > 0 && Number.isSafeInteger(per) && per > 0, item);
    assert.ok(source.length > 3 && /^\d{4}-\d{2}-\d{2}$/.test(checked), item);
  }
  for (const version of priceVersions()) assert.equal(priceTable(version).version, version);
});

test('the bill of the idle stack and the receipts go by the same prices', () => {
  const table = priceTable(NOW);
  const usdOf = (item: string, units = 1): number => {
    const { nanos, per } = table.priceOf(item);
    return Number(((nanos * units) / per / 1e9).toPrecision(10));
  };
  assert.equal(usdOf('lambda.compute.arm64', 1024 * 1000), PRICES.lambdaGbSecondArm.usd);
  assert.equal(usdOf('lambda.request'), PRICES.lambdaRequest.usd);
  assert.equal(usdOf('sqs.request'), PRICES.sqsRequest.usd);
  assert.equal(usdOf('dynamodb.write'), PRICES.dynamoWriteUnit.usd);
  assert.equal(usdOf('dynamodb.read'), PRICES.dynamoReadUnit.usd);
});

const RUN: ReceiptFacts = {
  ...{ status: 'succeeded', attempt: 1, durationMs: 1500, costMicros: 100_021, lost: false },
  ...{ timeoutSeconds: 60, nanosPerSecond: 13_334, used: null },
};
const linesOf = (facts: Partial<ReceiptFacts>): [string, number][] =>
  runReceipt({ ...RUN, ...facts }).lines.map(({ item, amountMicros }) => [item, amountMicros]);

test('a run’s receipt: compute by its time, the rest is what its calls told', () => {
  assert.deepEqual(linesOf({}), [
    ['paid_calls', 100_000],
    ['compute', 21],
  ]);
  assert.deepEqual(linesOf({ nanosPerSecond: 0 }), [
    ['paid_calls', 100_021],
    ['compute', 0],
  ]);
});

test('lost attempts are charged at their bound, and have a line of their own', () => {
  // The bound of a minute: 60 × 13.334 = 800.04, so 801.
  assert.deepEqual(linesOf({ attempt: 3, costMicros: 21 + 2 * 801 + 5 }), [
    ['paid_calls', 5],
    ['compute', 21],
    ['lost_compute', 1602],
  ]);
  assert.deepEqual(linesOf({ status: 'crashed', lost: true, durationMs: 999_999, costMicros: 801 + 40 }), [
    ['paid_calls', 40],
    ['compute', 801],
  ]);
});

test('whatever happened, the lines add up to what the run was charged, and none is below zero', () => {
  for (const status of ['succeeded', 'failed', 'crashed', 'timed_out', 'running'] as const)
    for (const attempt of [1, 2, 3])
      for (const costMicros of [0, 5, 21, 22, 801, 5000])
        for (const lost of [true, false]) {
          const lines = linesOf({ status, attempt, costMicros, lost });
          assert.equal(
            lines.reduce((sum, [, amount]) => sum + amount, 0),
            costMicros,
          );
          assert.ok(lines.every(([, amount]) => amount >= 0));
        }
  assert.deepEqual(linesOf({ status: 'refused', costMicros: 0 }), []);
});
