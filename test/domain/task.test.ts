/** Sizes and prices of tasks, and what they are charged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRICE_ROWS, pricesAt, priceTable } from '../../shared/domain/price-table.ts';
import {
  attemptMicros,
  computeBoundMicros,
  holdMicros,
  platformUsage,
  rateOf,
} from '../../shared/domain/protocol/cost.ts';
import { receiptOf, repriced } from '../../shared/domain/receipt.ts';
import { type TaskWish, taskNanosPerSecond, taskShape, taskUsage } from '../../shared/domain/task.ts';

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

test('a GPU on Spot is refused and told why, instead of being started on demand', () => {
  const refused = { code: 'bad_input', message: /--spot is for --compute fargate; machines with GPUs run on demand/ };
  assert.throws(() => shape({ compute: 'gpu', spot: true }), refused);
  assert.throws(() => shape({ compute: 'gpu', gpus: 4, spot: true }), refused);
});

test('a second costs its processors, its memory and its address, and Spot a third of the first two', () => {
  // 1 vCPU: $0.03238/h; 2 GB: 2 × $0.00356/h; address: $0.005/h. By hand: 12,361.1 nano-USD a second.
  const size = { cpuUnits: 1024, memoryMb: 2048 };
  assert.equal(taskNanosPerSecond(shape(size), TABLE), 8995 + 1978 + 1389);
  assert.equal(taskNanosPerSecond(shape({ ...size, spot: true }), TABLE), 2699 + 594 + 1389);
  assert.equal(taskNanosPerSecond(shape({ compute: 'gpu' }), TABLE), 163_645 + 1389);
});

test('the rate of a bill ahead agrees with what a receipt says for an hour', () => {
  const size = shape({ cpuUnits: 1024, memoryMb: 2048 });
  const { totalMicros } = receiptOf(taskUsage(size, 3_600_000), TABLE);
  const ahead = taskNanosPerSecond(size, TABLE) * 3.6;
  assert.ok(ahead - totalMicros >= 0 && ahead - totalMicros < 11, `${ahead} ${totalMicros}`);
});

const use = (ms: number) => ({ ms, writeUnits: 0, readUnits: 0 });
const linesOf = (wish: Partial<TaskWish>, ms: number, table = TABLE) => {
  const rate = rateOf({ task: { ...shape(wish), nanosPerSecond: 1 } }, STAGE);
  const { lines, totalMicros } = receiptOf(platformUsage(rate, use(ms)), table);
  return { lines: lines.map(({ item, quantity, amountMicros }) => [item, quantity, amountMicros]), totalMicros };
};

test('a run of 20 s is charged a minute of its processors, its memory and its address', () => {
  // 0.25 vCPU × 60 s = 15 vCPU-s × $0.03238/3,600 = 134.9166… µ$; 1 GB × 60 s × $0.00356/3,600 = 59.3333… µ$;
  // the address 60 s × $0.005/3,600 = 83.3333… µ$. Running: 134.91667 → 135, 194.25 → 195, 277.58334 → 278.
  const minute = [
    ['fargate.vcpu.arm64', 15_000, 135],
    ['fargate.memory.arm64', 1024 * 60_000, 60],
    ['ipv4.address', 60_000, 83],
  ];
  assert.deepEqual(linesOf({}, 20_000), { lines: minute, totalMicros: 278 });
  assert.deepEqual(linesOf({}, 60_000).lines, minute);
  // A second begun counts whole: 61 s, 277.58333… × 61 / 60 = 282.209…
  assert.equal(linesOf({}, 60_001).totalMicros, 283);
  assert.deepEqual(linesOf({}, 61_000), linesOf({}, 60_001));
});

test('Spot costs three tenths, its address as much as any, and a GPU its whole instance', () => {
  // Two hours of 2 vCPU and 4 GB: 4 × $0.009714 + 8 × $0.001068 + 2 × $0.005 = 38,856 + 8,544 + 10,000 µ$.
  assert.deepEqual(linesOf({ cpuUnits: 2048, memoryMb: 4096, spot: true }, 7_200_000), {
    lines: [
      ['fargate.spot.vcpu.arm64', 2 * 7_200_000, 38_856],
      ['fargate.spot.memory.arm64', 4096 * 7_200_000, 8_544],
      ['ipv4.address', 7_200_000, 10_000],
    ],
    totalMicros: 57_400,
  });
  // 90 s of $0.58912 an hour: 14,728 µ$; and 125 µ$ for the address.
  assert.deepEqual(linesOf({ compute: 'gpu' }, 90_000).lines, [
    ['gpu.g4dn.xlarge', 90_000, 14_728],
    ['ipv4.address', 90_000, 125],
  ]);
});

test('a task is charged by the version of the table of its claim, and can be priced by any other', () => {
  const rise = { since: '2026-12-01', source: 'a test', checked: '2026-11-20' };
  const rows = [
    ...PRICE_ROWS,
    { item: 'fargate.vcpu.arm64', unit: 'vCPU-ms', nanos: 64_760_000, per: 3_600_000, ...rise },
  ];
  const before = linesOf({}, 3_600_000, pricesAt(Date.UTC(2026, 11, 1) - 1, rows));
  const after = linesOf({}, 3_600_000, pricesAt(Date.UTC(2026, 11, 1), rows));
  // An hour: 8,095 + 3,560 + 5,000; the processor then costs twice as much.
  assert.deepEqual([before.totalMicros, after.totalMicros], [16_655, 24_750]);
  const used = platformUsage(rateOf({ task: { ...shape(), nanosPerSecond: 1 } }, STAGE), use(3_600_000));
  assert.equal(repriced(receiptOf(used, TABLE), priceTable('2026-12-01', rows)).totalMicros, 24_750);
});

test('on the machine of its owner a task costs nothing', () => {
  assert.deepEqual(platformUsage(rateOf({ task: { ...shape(), nanosPerSecond: 0 } }, STAGE), use(3_600_000)), []);
});

test('a task is billed a minute at least, by the second after that, and held for its time-out and its tail', () => {
  const task = { ...shape(), nanosPerSecond: 10_000 };
  const rate = rateOf({ task }, STAGE);
  assert.equal(attemptMicros(1_000, rate), 600);
  assert.equal(attemptMicros(60_000, rate), 600);
  assert.equal(attemptMicros(61_000, rate), 610);
  // The hold by the table: 3,900 s of a quarter vCPU and 1 GB, and the address: (0.008095 + 0.00356 + 0.005) / 3,600.
  const bound = Math.ceil((3900 * (8_095 + 3_560 + 5_000)) / 3600);
  assert.equal(computeBoundMicros(3600, rate, AT), bound);
  assert.equal(holdMicros({ costMicros: 5, timeoutSeconds: 3600 }, rate, AT), bound + 5);
  assert.equal(
    holdMicros({ costMicros: 5, timeoutSeconds: 3600 }, rateOf({}, { computeNanosPerSecond: 10_000 }), AT),
    36_005,
  );
});

test('a cycle of a task that lives on has no minimum, and its rest is in its bound', () => {
  const rate = rateOf({ task: { ...shape(), nanosPerSecond: 10_000 }, restSeconds: 100 }, STAGE);
  assert.equal(attemptMicros(1_000, rate), 10);
  assert.equal(computeBoundMicros(100, rate, AT), Math.ceil((500 * (8_095 + 3_560 + 5_000)) / 3600));
  const [vcpu, memory] = platformUsage(rate, use(1_234));
  assert.deepEqual([vcpu?.quantity, memory?.quantity], [309, 1024 * 1_234]);
});
