/** The numbers of the bill are those of the real jobs: what a simulated month asks for is what was forecast. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billOf } from '../../shared/domain/bill/bill.ts';
import { DAYS, type FleetAgent, fleetCost } from '../../shared/domain/bill/fleet-use.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { deployScripted, type Metered, openUseBench, type Scripted, since } from './run-use.ts';

const DAY_MS = 86_400_000;
/** A month takes a minute: NOVA_BILL_DAYS=30. */
const SIMULATED = Number(process.env.NOVA_BILL_DAYS ?? 3);
/** Idle, a month: 45,390 runs of the system's own schedules at 32.3 read units (infra/aws/idle-bill.ts). */
const IDLE_READS_A_DAY = (45_390 * 32.3) / DAYS;

const perUnit = (usd: number) => ({ picos: Math.round(usd * 1e12), freeMilli: 0 });
const PRICES = {
  ...{ schedulerInvocation: perUnit(0), lambdaRequest: perUnit(0), lambdaGbSecondArm: perUnit(0) },
  ...{ sqsRequest: perUnit(0.4e-6), dynamoWriteUnit: perUnit(0.625e-6), dynamoReadUnit: perUnit(0.125e-6) },
};

/** What the platform was asked for, without its idle life, and what runs paid others. */
async function simulated(agents: readonly Scripted[]): Promise<Metered & { paidMicros: number }> {
  const bench = await openUseBench();
  for (const agent of agents) await deployScripted(bench, agent);
  await bench.engine.advance(DAY_MS / 2);
  const paid = async (): Promise<number> =>
    (await listFleet(bench.engine.table)).reduce((sum, { total }) => sum + total.costMicros, 0);
  const [before, paidBefore] = [{ ...bench.meter }, await paid()];
  await bench.engine.advance(SIMULATED * DAY_MS);
  return { ...since(bench.meter, before), paidMicros: (await paid()) - paidBefore };
}

const agent = (id: string, count: number, change: Partial<FleetAgent> = {}): FleetAgent => ({
  ...{ id, ticks: { count, days: 1 }, instances: 1, callsPerRun: 0, earningsPerRun: 0, task: null },
  ...{ milliseconds: { p50: 0, p90: 0 }, paidMicros: { p50: 0, p90: 0 }, dailyLimitMicros: null },
  ...change,
});

const near = (measured: number, told: number, percent: number, what: string): void =>
  assert.ok(
    Math.abs(measured - told) * 100 <= Math.abs(measured) * percent,
    `${what}: measured ${measured}, told ${told}`,
  );

test(`the bill of ${SIMULATED} simulated days is the forecast within 15 per cent, and the idle reads within five`, async (t) => {
  const idle = await simulated([]);
  near(idle.readUnits / SIMULATED, IDLE_READS_A_DAY, 5, 'idle reads a day');
  assert.ok(idle.writeUnits / SIMULATED < 330, `${idle.writeUnits} idle write units`);

  const busy = await simulated([
    { name: 'watch', schedule: 'rate(15 minutes)' },
    { name: 'shop', schedule: 'rate(1 hour)', instances: 2, revenueUsd: '0.05' },
    { name: 'writer', schedule: 'rate(2 hours)', costUsd: '0.0001' },
  ]);
  const forecast = fleetCost(
    [
      agent('watch', 96),
      agent('shop', 24, { instances: 2, earningsPerRun: 1 }),
      agent('writer', 12, { callsPerRun: 1, paidMicros: { p50: 100, p90: 100 } }),
    ],
    'p50',
    { runMb: 512, revenueMb: 256, nights: SIMULATED },
  );
  const told = (price: string): number =>
    (forecast.uses.filter((use) => use.price === price).reduce((sum, { milli }) => sum + milli, 0) / 1000 / DAYS) *
    SIMULATED;
  const used = since(busy, idle);
  near(used.writeUnits, told('dynamoWriteUnit'), 15, 'write units');
  near(used.readUnits, told('dynamoReadUnit'), 15, 'read units');
  near(used.sqsRequests, told('sqsRequest'), 15, 'requests to queues');

  const measured = billOf(
    [
      { price: 'dynamoWriteUnit', milli: Math.round(used.writeUnits * 1000), what: 'all' },
      { price: 'dynamoReadUnit', milli: Math.round(used.readUnits * 1000), what: 'all' },
      { price: 'sqsRequest', milli: Math.round(used.sqsRequests * 1000), what: 'all' },
    ],
    PRICES,
  ).micros;
  const platform = (billOf(forecast.uses, PRICES).micros / DAYS) * SIMULATED;
  const paid = (forecast.direct.reduce((sum, { micros }) => sum + micros, 0) / DAYS) * SIMULATED;
  t.diagnostic(`measured ${measured + busy.paidMicros} micro-USD, forecast ${Math.round(platform + paid)}`);
  near(measured, platform, 15, 'the platform’s bill');
  near(measured + busy.paidMicros, platform + paid, 15, 'the bill');
});
