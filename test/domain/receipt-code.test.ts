/** A receipt in the letters of its run's record: what is read is what was written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { PRICE_ROWS, priceTable, TOKEN_KINDS, tokenItem } from '../../shared/domain/price-table.ts';
import { platformUsage } from '../../shared/domain/protocol/cost.ts';
import { addUsage, feeItem, receiptOf, tokensIn, type Usage } from '../../shared/domain/receipt.ts';
import { decodeReceipt, encodeReceiptItem, encodeUsage, tokensOf } from '../../shared/domain/receipt-code.ts';
import type { RunRecord } from '../../shared/domain/run.ts';
import { taskUsage } from '../../shared/domain/task.ts';
import { decodeRecord, encodeRecord } from '../../shared/store/instance-item.ts';

const VERSION = '2026-11-16';
const usage: Usage[] = [
  { item: tokenItem('claude-haiku-4-5', 'input'), quantity: 1_200 },
  { item: tokenItem('claude-haiku-4-5', 'output'), quantity: 350 },
  { item: feeItem('paid_calls'), quantity: 100_000 },
];
const LAMBDA = { nanosPerSecond: 6667, minimumMs: 0, tailMs: 0, runMemoryMb: 512 };

test('tokens, what was told and Lambda are forty letters', () => {
  const used = addUsage(usage, platformUsage(LAMBDA, { ms: 1_500, writeUnits: 4, readUnits: 1 }));
  const text = encodeUsage({ version: VERSION, usage: used, lostTokens: 0 }, 1_500);
  assert.equal(text, '1xr~-haiku-4-5:xc.9q~$:255s~=e8.1.3.4.1');
  assert.deepEqual(decodeReceipt(text ?? '', 1_500), {
    kind: 'kept',
    used: { version: VERSION, usage: used, lostTokens: 0 },
  });
});

test('a record keeps its receipt, its outcome and a note with commas', () => {
  const record: RunRecord = {
    ...{ slot: 'mhxk2q3c', outcome: 'failed', attempt: 2, startedAt: 1_700_000_000_000, durationMs: 1_500 },
    ...{ costMicros: 12, earnedMicros: 0, note: 'a, b, c', receipt: '1xr~-haiku-4-5:xc.9q' },
  };
  assert.deepEqual(decodeRecord(encodeRecord(record)), record);
  const { receipt: _, ...bare } = record;
  assert.deepEqual(decodeRecord(encodeRecord(bare)), bare);
});

test('calls without an answer keep their tokens, and a receipt elsewhere keeps the sum', () => {
  const lost = encodeUsage(
    { version: VERSION, usage: [{ item: feeItem('lost_calls'), quantity: 5 }], lostTokens: 77 },
    0,
  );
  assert.equal(tokensOf(lost ?? '', 0), 77);
  const elsewhere = encodeReceiptItem(12, { version: VERSION, usage, lostTokens: 3 });
  assert.deepEqual(decodeReceipt(elsewhere, 0), { kind: 'item', fence: 12, tokens: 1_553 });
  assert.equal(tokensOf('', 0), 0);
});

test('what has no letters, or too many parts, goes elsewhere', () => {
  const none = (some: readonly Usage[]) => encodeUsage({ version: VERSION, usage: some, lostTokens: 0 }, 1_000);
  assert.equal(none([{ item: 'email.ses', quantity: 1 }]), null);
  assert.equal(none([{ item: 'fargate.vcpu.x86', quantity: 1 }]), null);
  assert.equal(none(Array.from({ length: 7 }, (_, k) => ({ item: feeItem(`t${k}`), quantity: 1 }))), null);
});

test('a task is written by what it used, whatever time its record says', () => {
  const task = { kind: 'fargate', cpuUnits: 256, memoryMb: 1024, gpus: 0, spot: false } as const;
  for (const [shape, text] of [
    [task, '1xr~@f:bko.10kveo.1aao'],
    [{ ...task, spot: true }, '1xr~@s:bko.10kveo.1aao'],
    [{ ...task, kind: 'gpu', gpus: 1 }, '1xr~@g4dn.xlarge:1aao.1aao'],
  ] as const) {
    const used = { version: VERSION, usage: taskUsage(shape, 60_000), lostTokens: 0 };
    assert.equal(encodeUsage(used, 1), text);
    assert.deepEqual(decodeReceipt(text, 99), { kind: 'kept', used });
  }
});

const models = priceTable('2026-11-20').models();
const anyTokens = fc
  .tuple(fc.constantFrom(...models), fc.constantFrom(...TOKEN_KINDS.slice(0, 5)), fc.integer({ min: 1, max: 2 ** 40 }))
  .map(([model, kind, quantity]) => ({ item: tokenItem(model, kind), quantity }));
const anyFee = fc
  .tuple(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,39}$/), fc.integer({ min: 1, max: 2 ** 40 }))
  .map(([name, quantity]) => ({ item: feeItem(name), quantity }));
const anyPlatform = fc.record({
  ms: fc.integer({ min: 1, max: 900_000 }),
  writeUnits: fc.integer({ min: 0, max: 99 }),
  readUnits: fc.integer({ min: 0, max: 99 }),
});

test('any receipt that has letters is read as it was written: items, quantities, tokens and total', () => {
  let kept = 0;
  fc.assert(
    fc.property(
      fc.array(anyTokens, { maxLength: 4 }),
      fc.array(anyFee, { maxLength: 3 }),
      anyPlatform,
      (tokens, fees, use) => {
        const used = addUsage([...tokens, ...fees], platformUsage(LAMBDA, use));
        const text = encodeUsage({ version: VERSION, usage: used, lostTokens: 0 }, use.ms);
        if (text === null) return;
        kept++;
        assert.doesNotMatch(text, /,/);
        const read = decodeReceipt(text, use.ms);
        assert.ok(read?.kind === 'kept');
        const sorted = (list: readonly Usage[]) => list.toSorted((a, b) => (a.item < b.item ? -1 : 1));
        assert.deepEqual(sorted(read.used.usage), sorted(used));
        assert.equal(tokensOf(text, use.ms), tokensIn(used));
        const table = priceTable('2026-11-20');
        assert.equal(receiptOf(read.used.usage, table).totalMicros, receiptOf(used, table).totalMicros);
      },
    ),
    { numRuns: 300, seed: 7 },
  );
  assert.ok(kept > 200, `${kept} of them`);
});

test('every item of the table is spelled so that a record can hold it or an item can', () => {
  for (const { item } of PRICE_ROWS) assert.match(item, /^[a-z0-9.-]+(\.[a-zA-Z0-9]+)?$/);
});
