/** However a task ends, what its runs were charged for is at least what it was billed for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEAVING_MS, taskBilling } from '../../shared/domain/task-billing.ts';
import { dice } from '../../shared/memory/dice.ts';

test('a task of one short run is charged its minute, a longer one its time and its leaving', () => {
  assert.equal(taskBilling(1_000).charge(6_000, 0), 60_000);
  assert.equal(taskBilling(1_000).charge(101_000, 0), 100_000 + LEAVING_MS);
});

test('of a task that is kept running each cycle pays for its rest, and the leaving is paid once', () => {
  const billing = taskBilling(0);
  assert.equal(billing.charge(100_000, 60_000), 100_000 + 60_000 + LEAVING_MS);
  assert.equal(billing.charge(170_000, 60_000), 70_000, 'ten seconds of work, and the next rest');
  assert.equal(billing.charge(230_001, 0), 1, 'what the rest after it was charged for is taken off');
  assert.equal(billing.charge(230_001, 0), 0);
});

test('a thousand lives: stopped at any moment of its rest, never billed for more than was charged', () => {
  const throws = dice(7);
  for (let life = 0; life < 1_000; life++) {
    const from = throws.below(1_000_000);
    const billing = taskBilling(from);
    const restMs = throws.below(3) * 30_000;
    let now = from + throws.below(40_000);
    let charged = 0;
    for (let cycles = 1 + throws.below(6); cycles > 0; cycles--) {
      now += throws.below(90_000);
      charged += billing.charge(now, restMs);
      const gone = now + throws.below(restMs + 1) + throws.below(LEAVING_MS + 1);
      const billed = Math.max(60_000, gone - from);
      assert.ok(charged >= billed, `${charged} < ${billed}`);
      assert.ok(charged <= Math.max(60_000, now + restMs + LEAVING_MS - from), 'and no more than its rest beyond that');
      now += restMs;
    }
  }
});
