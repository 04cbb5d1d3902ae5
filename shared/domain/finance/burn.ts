/** How fast money goes, and how long what there is will last. */
import type { DayBounds } from '../period.ts';
import type { Books } from './books.ts';
import { type CashFlow, cashFlow } from './cash-flow.ts';
import { shareBps } from './share.ts';

export type Burn = {
  readonly days: number;
  /** Spent on runs, per day of the period. */
  readonly burnPerDayMicros: number;
  /** Out less in, refunds and fees included; negative when more comes in than goes out. */
  readonly netBurnPerDayMicros: number;
  readonly perDay: CashFlow['perDay'];
};

export function burnOf(books: Books): Burn {
  const flow = cashFlow(books);
  return {
    days: flow.days,
    burnPerDayMicros: Math.round(flow.costMicros / flow.days) || 0,
    netBurnPerDayMicros: -flow.perDay.netMicros || 0,
    perDay: flow.perDay,
  };
}

/** Whole days that an amount lasts; null: for ever, at this rate. */
export function runwayDays(micros: number, perDayMicros: number): number | null {
  return perDayMicros <= 0 ? null : Math.max(0, Math.floor(micros / perDayMicros));
}

export type BudgetPace = {
  readonly limitMicros: number;
  readonly spentMicros: number;
  readonly usedBps: number | null;
  /** When today's budget is used up if the rest of the day goes on like its beginning; null: not today. */
  readonly exhaustedMs: number | null;
};

/** Today's budget at today's pace. */
export function budgetPace(
  use: Pick<BudgetPace, 'limitMicros' | 'spentMicros'>,
  today: DayBounds,
  now: number,
): BudgetPace {
  const { limitMicros, spentMicros } = use;
  const gone = now - today.startMs;
  const left = limitMicros - spentMicros;
  const at = left <= 0 ? now : now + Math.ceil((left * gone) / Math.max(1, spentMicros));
  return {
    ...{ limitMicros, spentMicros },
    usedBps: shareBps(spentMicros, limitMicros),
    exhaustedMs: spentMicros > 0 && at < today.endMs ? at : null,
  };
}
