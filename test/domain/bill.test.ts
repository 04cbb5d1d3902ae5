/** The bill of a small fleet, added up by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billOf, driversOf } from '../../shared/domain/bill/bill.ts';
import { type FleetAgent, fleetCost, runsOf } from '../../shared/domain/bill/fleet-use.ts';
import { forecast } from '../../shared/domain/bill/forecast.ts';

const price = (usd: number, free = 0) => ({ picos: Math.round(usd * 1e12), freeMilli: free * 1000 });
const PRICES = {
  schedulerInvocation: price(1e-6),
  sqsRequest: price(0.4e-6),
  lambdaRequest: price(0.2e-6),
  lambdaGbSecondArm: price(0.0000133334),
  dynamoWriteUnit: price(0.625e-6),
  dynamoReadUnit: price(0.125e-6),
  kmsKey: price(1),
};
const MEMORY = { runMb: 512, revenueMb: 256 };

/** Hourly on two instances, four seconds and two cents a run, of which one in four earns. */
const SHOP: FleetAgent = {
  id: 'shop',
  ticks: { count: 24, days: 1 },
  instances: 2,
  milliseconds: { p50: 4000, p90: 9000 },
  paidMicros: { p50: 20_000, p90: 50_000 },
  callsPerRun: 1,
  earningsPerRun: 0,
  task: null,
  dailyLimitMicros: null,
};
const standing = { uses: [{ price: 'kmsKey', milli: 1000, what: 'key' }], prices: PRICES, memory: MEMORY };
const alone = (agents: readonly FleetAgent[], dailyLimitMicros: number | null = null) =>
  forecast(standing, { agents, dailyLimitMicros });

test('a fleet of one agent costs what a hand adds up, to the micro-dollar', () => {
  assert.equal(runsOf(SHOP), 1440);
  const found = alone([SHOP]);
  //   1,440 ticks × $0.000001                                         0.001440
  //   4,320 requests × $0.0000004                                     0.001728
  //   1,440 calls × $0.0000002                                        0.000288
  //   1,440 × 4 s × 0.5 GB × $0.0000133334                            0.038400192
  //   1,440 × (2.25 + 1) + 60 × 15 + 30 × (4 + 6) + 30 × 4 = 6,000    0.003750
  //   1,440 × 2 + 60 × 12 + 30 × 98 + 30 × (23 + 2,880) = 93,630      0.01170375
  //   1,440 × $0.02                                                  28.800000
  assert.equal(found.variableMicros.p50, 28_857_310);
  assert.deepEqual([found.idleMicros, found.totalMicros.p50], [1_000_000, 29_857_310]);
  // Nine seconds and five cents: 0.086400432 and 72.
  assert.equal(found.variableMicros.p90, 72_105_310);
});

test('an agent that earns pays for telling and booking it', () => {
  const earning = { ...SHOP, callsPerRun: 0, paidMicros: { p50: 0, p90: 0 }, earningsPerRun: 0.25 };
  const { uses } = fleetCost([earning], 'p50', MEMORY);
  const of = (name: string): number =>
    uses.filter((use) => use.price === name).reduce((sum, { milli }) => sum + milli, 0) / 1000;
  // 360 earnings: 7 write units, 6 read units, 3 requests, 60 ms of 256 MB each; 15.5 days of money to look back upon.
  assert.equal(of('dynamoWriteUnit'), 1440 * 2.25 + 60 * 15 + 30 * 4 + 30 * 4 + 360 * 7);
  assert.equal(of('dynamoReadUnit'), 1440 * 2 + 60 * 12 + 30 * 98 + 30 * 23 + 360 * 6.2 + 30 * 15.5 * 25);
  assert.equal(of('sqsRequest'), 1440 * 3 + 360 * 3);
  assert.equal(of('lambdaGbSecondArm'), 1440 * 4 * 0.5 + 360 * 0.06 * 0.25);
});

test('a task is billed by the second, a minute at least, and no function beside it', () => {
  const task = { nanosPerSecond: 1_000_000, minimumMs: 60_000, tailMs: 0 };
  const train = { ...SHOP, id: 'train', ticks: { count: 1, days: 1 }, instances: 1, task, callsPerRun: 0 };
  const { uses, direct } = fleetCost([{ ...train, paidMicros: { p50: 0, p90: 0 } }], 'p50', MEMORY);
  assert.deepEqual(
    direct.filter(({ micros }) => micros > 0),
    [{ id: 'train: tasks', micros: 30 * 60_000 }],
  );
  assert.equal(uses.find((use) => use.price === 'lambdaGbSecondArm')?.milli, 0);
  // Who it spoke with: 30 × 4 s of 264 KB an hour is 8.8 KB, a thousandth of a GB when rounded up.
  assert.equal(uses.find((use) => use.price === 'logGbIn')?.milli, 1);
  assert.ok(
    !fleetCost([SHOP], 'p50', MEMORY).uses.some((use) => use.price === 'logGbIn'),
    'functions are in no network',
  );
});

test('what may be spent a day is the most that a month costs, of an agent and of the fleet', () => {
  assert.equal(alone([{ ...SHOP, dailyLimitMicros: 500_000 }]).variableMicros.p90, 15_000_000 + 105_310);
  const two = [SHOP, { ...SHOP, id: 'twin' }];
  const capped = alone(two, 1_000_000);
  assert.ok(capped.variableMicros.p50 > 30_000_000 && capped.variableMicros.p50 < 30_120_000);
  assert.deepEqual(capped.drivers.slice(0, 2), [
    { id: 'shop: paid calls', micros: 15_000_000 },
    { id: 'twin: paid calls', micros: 15_000_000 },
  ]);
});

test('allowances are taken off once, by what stands there first; nothing is free by mistake', () => {
  const prices = { a: price(0.5, 3) };
  const uses = [2000, 2000, 1500].map((milli, at) => ({ price: 'a', milli, what: `use ${at}` }));
  const { lines, micros, listMicros } = billOf(uses, prices);
  assert.deepEqual(
    lines.map((line) => line.micros),
    [0, 500_000, 750_000],
  );
  assert.deepEqual([micros, listMicros], [1_250_000, 2_750_000]);
  assert.throws(() => billOf([{ price: 'b', milli: 1, what: 'x' }], prices), /x uses b, which has no price/);
  assert.deepEqual(
    driversOf(
      [
        { id: 'x', micros: 1 },
        { id: 'y', micros: 2 },
        { id: 'x', micros: 2 },
        { id: 'z', micros: 0 },
      ],
      2,
    ),
    [
      { id: 'x', micros: 3 },
      { id: 'y', micros: 2 },
    ],
  );
});

test('no fleet costs nothing beyond what stands there', () => {
  const found = alone([]);
  assert.deepEqual(found.variableMicros, { p50: 0, p90: 0 });
  assert.deepEqual(found.drivers, [{ id: 'idle: kmsKey', micros: 1_000_000 }]);
});
