/** The forecast of a month from its books, and the simpler projection of a running week. */
import { addDays, dayBounds, dayOf } from '../period.ts';
import { type Books, within } from './books.ts';
import { type CostShare, costShareOf } from './cost-share.ts';
import { type Estimate, estimate, type ForecastMethod, LOOK_BACK_DAYS, methodFor, neverBelow } from './forecast.ts';
import { incomeOf } from './income.ts';
import { perPart, sumOf } from './share.ts';
import { datesOf, daysBetween, monthOf } from './span.ts';
import { dailyTimeline, type TimelineRow } from './timeline.ts';

export type Forecast = {
  readonly from: string;
  readonly to: string;
  readonly method: ForecastMethod;
  /** Full days that it rests on. */
  readonly historyDays: number;
  readonly net: Estimate;
  readonly cost: Estimate;
  readonly profit: Estimate;
};

/** Dates that a forecast made `today` must have read: the look-back and the month so far. */
export function forecastSpan(today: string): { readonly from: string; readonly to: string } {
  const first = addDays(today, -LOOK_BACK_DAYS);
  const month = monthOf(today).from;
  return { from: first < month ? first : month, to: today };
}

/** @param started the first date of which the workspace knows: days before it are no zeros */
export function monthEnd(books: Books, now: number, started: string): Forecast {
  const { timezone } = books.span;
  const today = dayOf(now, timezone);
  const month = monthOf(today);
  const rows = dailyTimeline(books).rows.filter(({ id }) => id <= today);
  const first = addDays(today, -LOOK_BACK_DAYS);
  const past = rows.filter(({ id }) => id < today && id >= first && id >= started);
  const soFar = rows.filter(({ id }) => id >= month.from);
  const { startMs, endMs } = dayBounds(today, timezone);
  const rest = { date: today, part: Math.max(0, endMs - now) / Math.max(1, endMs - startMs) };
  const whole = datesOf(addDays(today, 1), month.to).map((date) => ({ date, part: 1 }));
  const guess = (pick: (row: TimelineRow) => number): Estimate =>
    estimate(
      sumOf(soFar, pick),
      past.map((row) => ({ date: row.id, micros: pick(row) })),
      [rest, ...whole],
    );
  const cost = guess((row) => row.costMicros);
  return {
    ...month,
    method: methodFor(past.length),
    historyDays: past.length,
    net: guess((row) => row.netMicros),
    cost: neverBelow(cost.soFarMicros, cost),
    profit: guess((row) => row.profitMicros),
  };
}

export type Projection = CostShare & {
  readonly days: number;
  readonly revenueMicros: number;
  readonly costMicros: number;
  readonly profitMicros: number;
  /** Costs stay at or below 5 % of what comes in. */
  readonly sustainable: boolean;
};

const BASE_DAYS = 7;

/** The last seven days, today included, drawn out over so many days. */
export function projection(books: Books, days: number): Projection {
  const week = within(books, addDays(books.span.to, 1 - BASE_DAYS), books.span.to);
  const over = (sum: number): number => perPart(sum * days, daysBetween(week.since, week.span.to));
  const revenueMicros = over(incomeOf(week.entries).netMicros);
  const costMicros = over(sumOf(week.costs, (day) => day.costMicros));
  const share = costShareOf(costMicros, revenueMicros);
  const profitMicros = revenueMicros - costMicros;
  return { days, revenueMicros, costMicros, profitMicros, ...share, sustainable: share.costStatus === 'healthy' };
}
