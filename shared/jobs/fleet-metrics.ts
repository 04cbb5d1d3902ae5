/**
 * The fleet in a few numbers, once a minute: names without dimensions, so that a thousand agents cost what one does. Ten
 * metrics are free on AWS; test/functions/fleet-metrics.test.ts holds the number.
 */
import { netMicros } from '../domain/earnings.ts';
import type { World } from '../ports/world.ts';
import { openApprovals } from '../store/approval-store.ts';
import { getLimit } from '../store/budget-store.ts';
import { momentNow } from '../store/calendar-store.ts';
import { type FleetReading, fleetReading } from '../store/fleet-reading.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

export type FleetMetrics = {
  readonly activeInstances: number;
  readonly runningInstances: number;
  readonly coolingInstances: number;
  readonly runsToday: number;
  readonly costTodayMicros: number;
  /** What the fleet may spend today. */
  readonly limitTodayMicros: number;
  /** Everything ever earned, net; what it grows by in a day is what the day earned. */
  readonly earnedMicros: number;
  readonly openApprovals: number;
  /** Of the oldest request that waits; 0 when none does. */
  readonly approvalWaitMinutes: number;
};

export async function fleetMetrics(
  { table, time, settings }: Ports,
  fleet: FleetReading = fleetReading(table),
): Promise<FleetMetrics> {
  const now = time.now();
  const [moment, limit, waiting, { instances, earnings }] = await Promise.all([
    momentNow({ table, time, settings }),
    getLimit(table, 'fleet'),
    openApprovals(table),
    fleet(),
  ]);
  const today = instances.filter(({ slice }) => slice.period === moment.date);
  const oldest = Math.min(now, ...waiting.map(({ createdAt }) => createdAt));
  return {
    activeInstances: instances.filter(({ status }) => status === 'active').length,
    runningInstances: instances.filter(({ run }) => run !== null).length,
    coolingInstances: instances.filter(({ coolingUntil }) => coolingUntil > now).length,
    runsToday: today.reduce((sum, { day }) => sum + day.runs, 0),
    costTodayMicros: today.reduce((sum, { day }) => sum + day.costMicros, 0),
    limitTodayMicros: limit.limitMicros,
    earnedMicros: earnings.reduce((sum, one) => sum + netMicros(one), 0),
    openApprovals: waiting.length,
    approvalWaitMinutes: Math.trunc((now - oldest) / 60_000),
  };
}
