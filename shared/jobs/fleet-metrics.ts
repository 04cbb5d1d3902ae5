/**
 * The fleet in a few numbers, once a minute: names without dimensions, so that a thousand agents cost what one does. Ten
 * metrics are free on AWS; test/functions/fleet-metrics.test.ts holds the number.
 */
import { netMicros } from '../domain/earnings.ts';
import type { World } from '../ports/world.ts';
import { openApprovals } from '../store/approval-store.ts';
import { getLimit } from '../store/budget-store.ts';
import { momentNow } from '../store/calendar-store.ts';
import { decodeInstance } from '../store/instance-item.ts';
import { fleetPk, shards } from '../store/keys.ts';
import { decodeEarnings } from '../store/ledger-item.ts';
import { queryAll } from '../store/query-all.ts';

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

export async function fleetMetrics({ table, time, settings }: Ports): Promise<FleetMetrics> {
  const now = time.now();
  const [moment, limit, waiting, ...shelves] = await Promise.all([
    momentNow({ table, time, settings }),
    getLimit(table, 'fleet'),
    openApprovals(table),
    ...shards.map((shard) => queryAll(table, { pk: fleetPk(shard) })),
  ]);
  const items = shelves.flat();
  const isEarnings = ({ sk }: { readonly sk: string }): boolean => sk.endsWith('#EARN');
  const fleet = items.filter((item) => !isEarnings(item)).map(decodeInstance);
  const today = fleet.filter(({ slice }) => slice.period === moment.date);
  const oldest = Math.min(now, ...waiting.map(({ createdAt }) => createdAt));
  return {
    activeInstances: fleet.filter(({ status }) => status === 'active').length,
    runningInstances: fleet.filter(({ run }) => run !== null).length,
    coolingInstances: fleet.filter(({ coolingUntil }) => coolingUntil > now).length,
    runsToday: today.reduce((sum, { day }) => sum + day.runs, 0),
    costTodayMicros: today.reduce((sum, { day }) => sum + day.costMicros, 0),
    limitTodayMicros: limit.limitMicros,
    earnedMicros: items.filter(isEarnings).reduce((sum, item) => sum + netMicros(decodeEarnings(item)), 0),
    openApprovals: waiting.length,
    approvalWaitMinutes: Math.trunc((now - oldest) / 60_000),
  };
}
