/** Things that happen once: the first dollar, the first month that pays for itself many times over. */
import { costShareOf } from './cost-share.ts';
import { sumOf } from './share.ts';
import { type TargetPlan, targetMonth } from './targets.ts';
import type { TimelineRow } from './timeline.ts';

export type Milestone = {
  readonly id: string;
  /** The date on which it was true for the first time; null: not yet. */
  readonly reachedOn: string | null;
};

type Day = Pick<TimelineRow, 'id' | 'netMicros' | 'costMicros'>;

const usd = (dollars: number): number => dollars * 1_000_000;
const IN_ALL = { first_dollar: usd(1), first_1k: usd(1000), first_10k: usd(10_000) };
const IN_A_MONTH = { first_50k_month: usd(50_000), first_100k_month: usd(100_000), first_200k_month: usd(200_000) };

/** @param days every day from the first on, in their order; what was reached once stays reached */
export function milestones(days: readonly Day[], plan: TargetPlan, start: string): Milestone[] {
  const months = [...Map.groupBy(days, ({ id }) => targetMonth(plan, start, id).from).values()];
  const inAMonth = (micros: number): string | null =>
    firstOf(months.map((month) => dayReaching(month, micros, ({ netMicros }) => netMicros)));
  return [
    ...Object.entries(IN_ALL).map(([id, micros]) => ({
      id,
      reachedOn: dayReaching(days, micros, (day) => day.netMicros),
    })),
    { id: 'cost_positive', reachedOn: dayReaching(days, 1, ({ netMicros, costMicros }) => netMicros - costMicros) },
    { id: 'ai_sustainable', reachedOn: firstOf(months.map((month) => sustainableSince(month, { plan, start }))) },
    ...Object.entries(IN_A_MONTH).map(([id, micros]) => ({ id, reachedOn: inAMonth(micros) })),
  ];
}

/** The day on which the running sum reached an amount. */
function dayReaching(days: readonly Day[], micros: number, pick: (day: Day) => number): string | null {
  let sum = 0;
  for (const day of days) {
    sum += pick(day);
    if (sum >= micros) return day.id;
  }
  return null;
}

/** The last day of a month that is over and whose costs stayed within 5 % of what came in; a running one may still change. */
function sustainableSince(month: readonly Day[], { plan, start }: { plan: TargetPlan; start: string }): string | null {
  const last = month.at(-1)?.id;
  if (last === undefined || last !== targetMonth(plan, start, last).to) return null;
  const cost = sumOf(month, ({ costMicros }) => costMicros);
  const net = sumOf(month, ({ netMicros }) => netMicros);
  return costShareOf(cost, net).costStatus === 'healthy' ? last : null;
}

const firstOf = (dates: readonly (string | null)[]): string | null => dates.find((date) => date !== null) ?? null;
