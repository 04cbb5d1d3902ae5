/** Sizes and prices of tasks, and what they are charged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priceTable } from '../../shared/domain/price-table.ts';
import { attemptMicros, computeBoundMicros, holdMicros, rateOf } from '../../shared/domain/protocol/cost.ts';
import { fargateUsage, receiptOf } from '../../shared/domain/receipt.ts';
import { type TaskWish, taskNanosPerSecond, taskShape } from '../../shared/domain/task.ts';

const TABLE = priceTable('2026-11-20');
const AT = Date.UTC(2026, 10, 20);
const STAGE = { computeNanosPerSecond: 1 };
const wish = (change: Partial<TaskWish>): TaskWish => ({
  ...{ compute: 'fargate', cpuUnits: undefined, memoryMb: undefined, gpus: undefined, spot: false, ...change },
});
const shape = (change: Partial<TaskWish> = {}) => taskShape(wish(change)) ?? assert.fail('no shape');

test('a task is as small as it may be unless told, and only of sizes that Fargate has', () => {
  assert.deepEqual(shape(), { kind: 'fargate', cpuUnits: 256, memoryMb: 1024, gpus: 0, spot: false });
  assert.deepEqual(shape({ cpuUnits: 2048 }).memoryMb, 4096);
  assert.equal(shape({ cpuUnits: 16_384, memoryMb: 122_880 }).memoryMb, 122_880);
  for (const wrong of [{ cpuUnits: 768 }, { memoryMb: 4096 }, { cpuUnits: 8192, memoryMb: 17_000 }, { gpus: 1 }]) {
    assert.throws(() => shape(wrong), { code: 'bad_input' }, JSON.stringify(wrong));
  }
  assert.equal(taskShape(wish({ compute: 'lambda' })), null);
  assert.throws(() => taskShape(wish({ compute: 'lambda', spot: true })), { code: 'bad_input' });
});

test('a GPU comes with the instance that its price is of', () => {
  assert.deepEqual(shape({ compute: 'gpu' }), { kind: 'gpu', cpuUnits: 2048, memoryMb: 7168, gpus: 1, spot: false });
  assert.equal(shape({ compute: 'gpu', gpus: 4 }).gpus, 4);
  assert.throws(() => shape({ compute: 'gpu', gpus: 2 }), { code: 'bad_input' });
  assert.throws(() => shape({ compute: 'gpu', memoryMb: 16_384 }), { code: 'bad_input' });
});

test('a second costs its processors, its memory and its address, and Spot a third of the first two', () => {
  // 1 vCPU: $0.03238/h; 2 GB: 2 × $0.00356/h; address: $0.005/h. By hand: 12,361.1 nano-USD a second.
  const size = { cpuUnits: 1024, memoryMb: 2048 };
  assert.equal(taskNanosPerSecond(shape(size), TABLE), 8995 + 1978 + 1389);
  assert.equal(taskNanosPerSecond(shape({ ...size, spot: true }), TABLE), 2699 + 594 + 1389);
  const gpu = taskNanosPerSecond(shape({ compute: 'gpu' }), TABLE);
  assert.equal(gpu, 163_645 + 1389);
  assert.equal(
    taskNanosPerSecond(shape({ compute: 'gpu', spot: true }), TABLE),
    gpu,
    'prices of Spot move: the bound does not',
  );
});

test('the price agrees with what a receipt of Fargate says for the same hour', () => {
  const nanos = taskNanosPerSecond(shape({ cpuUnits: 1024, memoryMb: 2048 }), TABLE) - 1389;
  const { totalMicros } = receiptOf(fargateUsage({ vcpus: 1, memoryMb: 2048 }, 3_600_000), TABLE);
  assert.ok(nanos * 3.6 - totalMicros >= 0 && nanos * 3.6 - totalMicros < 8, `${nanos * 3.6} ${totalMicros}`);
});

test('a task is billed a minute at least, by the second after that, and held for its time-out and its tail', () => {
  const task = { ...shape(), nanosPerSecond: 10_000 };
  const rate = rateOf({ task }, STAGE);
  assert.equal(attemptMicros(1_000, rate), 600);
  assert.equal(attemptMicros(60_000, rate), 600);
  assert.equal(attemptMicros(61_000, rate), 610);
  assert.equal(computeBoundMicros(3600, rate, AT), 39_000);
  assert.equal(holdMicros({ costMicros: 5, timeoutSeconds: 3600 }, rate, AT), 39_005);
  assert.equal(
    holdMicros({ costMicros: 5, timeoutSeconds: 3600 }, rateOf({}, { computeNanosPerSecond: 10_000 }), AT),
    36_005,
  );
});

test('a cycle of a task that lives on has no minimum, and its rest is in its bound', () => {
  const rate = rateOf({ task: { ...shape(), nanosPerSecond: 10_000 }, restSeconds: 100 }, STAGE);
  assert.equal(attemptMicros(1_000, rate), 10);
  assert.equal(computeBoundMicros(100, rate, AT), 5_000);
});
