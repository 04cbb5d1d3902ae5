/**
 * Where the calendar month will end. Method: the daily totals of the last 28 full days give a mean per weekday (seasonal
 * naive with averaging); what is left of the month is the sum of those means, today's by the part of it that is left.
 * The interval is the two-sided 90 % prediction interval of that sum under normal, independent days: their pooled
 * variance within weekdays, plus the uncertainty of the means themselves, at Student's t (Hyndman, Athanasopoulos,
 * "Forecasting: Principles and Practice", 3rd ed., 5.5 and 7.6). With 7 to 20 days there is one mean for all weekdays,
 * with fewer there is no interval. No dice: the same books give the same answer.
 *
 * Statistics need fractions: numbers inside are doubles of micro-dollars, and leave as whole ones.
 */

/** Full days looked back on: four of each weekday. */
export const LOOK_BACK_DAYS = 28;
const SEASONAL_FROM = 21;
const INTERVAL_FROM = 7;
export const INTERVAL_BPS = 9000;

export type DayTotal = { readonly date: string; readonly micros: number };
/** A day still to come, or the rest of the one that runs. `part` is 1 for a whole day. */
export type DayAhead = { readonly date: string; readonly part: number };

export type Estimate = {
  readonly soFarMicros: number;
  readonly expectedMicros: number;
  /** null: too few days to say how sure it is. */
  readonly lowMicros: number | null;
  readonly highMicros: number | null;
};

export type ForecastMethod = 'weekday_means' | 'mean' | 'mean_without_interval' | 'no_history';

export function methodFor(days: number): ForecastMethod {
  if (days >= SEASONAL_FROM) return 'weekday_means';
  if (days >= INTERVAL_FROM) return 'mean';
  return days > 0 ? 'mean_without_interval' : 'no_history';
}

/**
 * The sum at the end of the days ahead.
 * @param past full days, gaps as zeros, in any order
 */
export function estimate(soFarMicros: number, past: readonly DayTotal[], ahead: readonly DayAhead[]): Estimate {
  const method = methodFor(past.length);
  const seasonOf = method === 'weekday_means' ? weekdayOf : () => 0;
  const seasons = seasonsOf(past, seasonOf);
  const weights = [...Map.groupBy(ahead, ({ date }) => seasonOf(date))].map(([season, days]) => ({
    season: seasons.get(season),
    parts: days.reduce((sum, { part }) => sum + part, 0),
  }));
  const expected = weights.reduce((sum, { season, parts }) => sum + parts * (season?.mean ?? 0), 0);
  const expectedMicros = soFarMicros + Math.round(expected);
  if (past.length < INTERVAL_FROM) return { soFarMicros, expectedMicros, lowMicros: null, highMicros: null };
  const free = past.length - seasons.size;
  const squares = [...seasons.values()].reduce((sum, season) => sum + season.squares, 0);
  const parts = weights.reduce((sum, weight) => sum + weight.parts, 0);
  const unsure = weights.reduce((sum, weight) => sum + weight.parts ** 2 / (weight.season?.count ?? 1), 0);
  const width = Math.round(studentT95(free) * Math.sqrt((squares / free) * (parts + unsure)));
  return { soFarMicros, expectedMicros, lowMicros: expectedMicros - width, highMicros: expectedMicros + width };
}

/** Revenue that came and money that was spent does not go away: nothing ends below what is there already. */
export function neverBelow(floor: number, found: Estimate): Estimate {
  const raised = (micros: number | null): number | null => (micros === null ? null : Math.max(floor, micros));
  return {
    ...found,
    expectedMicros: Math.max(floor, found.expectedMicros),
    lowMicros: raised(found.lowMicros),
    highMicros: raised(found.highMicros),
  };
}

type Season = { readonly count: number; readonly mean: number; readonly squares: number };

function seasonsOf(past: readonly DayTotal[], seasonOf: (date: string) => number): Map<number, Season> {
  const groups = Map.groupBy(past, ({ date }) => seasonOf(date));
  return new Map(
    [...groups].map(([season, days]) => {
      const mean = days.reduce((sum, { micros }) => sum + micros, 0) / days.length;
      const squares = days.reduce((sum, { micros }) => sum + (micros - mean) ** 2, 0);
      return [season, { count: days.length, mean, squares }];
    }),
  );
}

/** 0 for Sunday. */
const weekdayOf = (date: string): number => new Date(`${date}T00:00:00Z`).getUTCDay();

/** The 95th percentile of Student's t by degrees of freedom 1 to 30 (NIST/SEMATECH e-Handbook, table 1.3.6.7.2). */
const T95 =
  '6.314 2.920 2.353 2.132 2.015 1.943 1.895 1.860 1.833 1.812 1.796 1.782 1.771 1.761 1.753 1.746 1.740 1.734 1.729 1.725 1.721 1.717 1.714 1.711 1.708 1.706 1.703 1.701 1.699 1.697'
    .split(' ')
    .map(Number);

const studentT95 = (free: number): number => T95[Math.min(free, T95.length) - 1] ?? 6.314;
