/** Money in and out, and what that is per day of the period: of the period, not of the days on which money came. */
import { dayOf } from '../period.ts';
import type { Books } from './books.ts';
import { incomeOf } from './income.ts';
import { perPart, sumOf } from './share.ts';
import { daysBetween } from './span.ts';

export type Flow = { readonly inMicros: number; readonly outMicros: number; readonly netMicros: number };

export type CashFlow = Flow & {
  readonly days: number;
  /** Days on which revenue came in. */
  readonly revenueDays: number;
  /** Parts of what went out. */
  readonly costMicros: number;
  readonly refundMicros: number;
  readonly feeMicros: number;
  readonly perDay: Flow;
};

export function cashFlow(books: Books): CashFlow {
  const { revenueMicros, refundMicros, feeMicros } = incomeOf(books.entries);
  const costMicros = sumOf(books.costs, (day) => day.costMicros);
  const days = daysBetween(books.since, books.span.to);
  const flow = flowOf(revenueMicros, costMicros + refundMicros + feeMicros);
  const each = flowOf(perPart(flow.inMicros, days), perPart(flow.outMicros, days));
  return {
    ...{ days, revenueDays: revenueDays(books), costMicros, refundMicros, feeMicros },
    ...flow,
    // Rounded by itself: the difference of two rounded numbers may be a micro-dollar beside it.
    perDay: { ...each, netMicros: perPart(flow.netMicros, days) },
  };
}

const flowOf = (inMicros: number, outMicros: number): Flow => ({
  ...{ inMicros, outMicros },
  netMicros: inMicros - outMicros,
});

function revenueDays({ entries, span }: Books): number {
  const byDay = Map.groupBy(entries, ({ at }) => dayOf(at, span.timezone));
  return [...byDay.values()].filter((some) => incomeOf(some).revenueMicros > 0).length;
}
