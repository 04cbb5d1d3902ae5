/**
 * What a month should bring. Months are counted from the day the workspace began: the first month of a workspace that
 * began on the 20th ends on the 19th, and month eleven is not November.
 */
import { NovaError } from '../error.ts';
import { COST_TARGET_BPS } from './cost-share.ts';
import { partOf, shareBps } from './share.ts';
import { daysBetween } from './span.ts';

const usd = (thousands: number): number => thousands * 1_000_000_000;

export type TargetPlan = {
  /** Micro-dollars of month 1, 2 …; the last one holds for all that follow. */
  readonly monthsMicros: readonly number[];
  /** The date on which month 1 begins; null: when the first agent was made. */
  readonly start: string | null;
  /** Grows with every change; 0 for the defaults. */
  readonly version: number;
};

export const DEFAULT_TARGETS: TargetPlan = {
  monthsMicros: [5, 8, 15, 25, 35, 50, 70, 90, 120, 150, 175, 200].map(usd),
  start: null,
  version: 0,
};

/** The share of departments in a month's target, in basis points; departments of other names have none. */
export const DEPARTMENT_MIX_BPS: Readonly<Record<string, number>> = {
  ...{ sales: 5000, marketing: 2000, product: 2500, operations: 0, research: 500 },
};
/** What an agent should return at least. */
export const ROI_TARGET_BPS = 30_000;

const MAX_MONTHS = 120;

/** @throws NovaError bad_input for amounts that are no targets. */
export function checkedTargets(plan: TargetPlan): TargetPlan {
  const { monthsMicros } = plan;
  if (monthsMicros.length === 0 || monthsMicros.length > MAX_MONTHS)
    throw new NovaError(
      'bad_input',
      `targets are 1 to ${MAX_MONTHS} amounts, one per month; got ${monthsMicros.length}`,
    );
  const wrong = monthsMicros.find((micros) => !Number.isSafeInteger(micros) || micros < 0);
  if (wrong !== undefined) throw new NovaError('bad_input', `a target is 0 or more dollars; got ${wrong} micro-USD`);
  return plan;
}

export type TargetMonth = {
  readonly number: number;
  readonly from: string;
  readonly to: string;
  /** 1 on its first day. */
  readonly day: number;
  readonly targetMicros: number;
  readonly dailyMicros: number;
  readonly aiBudgetMicros: number;
};

/** The month in which `today` lies; month 1 before anything began. */
export function targetMonth(plan: TargetPlan, start: string, today: string): TargetMonth {
  let number = 1;
  while (monthStart(start, number) <= today) number += 1;
  number = Math.max(1, number - 1);
  const from = monthStart(start, number);
  const targetMicros = plan.monthsMicros[number - 1] ?? plan.monthsMicros.at(-1) ?? 0;
  return {
    ...{ number, from },
    to: dayBefore(monthStart(start, number + 1)),
    day: Math.max(1, daysBetween(from, today)),
    targetMicros,
    dailyMicros: Math.round(targetMicros / 30),
    aiBudgetMicros: partOf(targetMicros, COST_TARGET_BPS),
  };
}

/** The same day of a later month, or its last day when it has no such day. */
function monthStart(start: string, number: number): string {
  const [year = 1970, month = 1, day = 1] = start.split('-').map(Number);
  const last = new Date(Date.UTC(year, month - 1 + number, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 2 + number, Math.min(day, last))).toISOString().slice(0, 10);
}

const dayBefore = (date: string): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);

export type Tracking = 'ahead' | 'on_track' | 'behind';

export type TargetProgress = TargetMonth & {
  readonly revenueMicros: number;
  readonly expectedMicros: number;
  readonly tracking: Tracking;
  /** Of the whole month's target. */
  readonly reachedBps: number | null;
  readonly neededMicros: number;
  readonly costMicros: number;
};

/** Ahead from 120 % of what the day asks for, on track from 80 %. A month has 30 days here; a 31st asks for no more. */
export function progressOf(
  month: TargetMonth,
  money: { readonly netMicros: number; readonly costMicros: number },
): TargetProgress {
  const { targetMicros, day } = month;
  const expectedMicros = Number((BigInt(targetMicros) * BigInt(Math.min(day, 30))) / 30n);
  const at = (percent: number): boolean => BigInt(money.netMicros) * 100n >= BigInt(expectedMicros) * BigInt(percent);
  return {
    ...month,
    revenueMicros: money.netMicros,
    expectedMicros,
    tracking: at(120) ? 'ahead' : at(80) ? 'on_track' : 'behind',
    reachedBps: shareBps(money.netMicros, targetMicros),
    neededMicros: Math.max(0, targetMicros - money.netMicros),
    costMicros: money.costMicros,
  };
}
