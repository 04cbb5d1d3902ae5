/** How often a schedule ticks and how far its ticks lie apart: cron expressions have no interval of their own. */
import type { AgentSchedule } from './agent.ts';
import { firings } from './schedule/next.ts';
import { parseSchedule } from './schedule/parse.ts';
import { type Frequency, firingsPerDay } from './schedule/per-day.ts';

export type Pace = {
  /** Ticks of one instance. */
  readonly frequency: Frequency;
  /** Between two ticks, in seconds; null for a one-off. */
  readonly shortestGapSeconds: number | null;
  readonly longestGapSeconds: number | null;
};

export const NO_PACE: Pace = { frequency: { count: 0, days: 1 }, shortestGapSeconds: null, longestGapSeconds: null };
const WEEK_MS = 7 * 86_400_000;

/**
 * The pace of the week after `fromMs`; of the next two ticks when they are further apart.
 * @throws NovaError bad_input for an expression that is none.
 */
export function paceOf({ expression, timezone }: AgentSchedule, fromMs: number): Pace {
  const schedule = parseSchedule(expression);
  if (schedule.kind === 'at') return NO_PACE;
  const frequency = firingsPerDay(schedule, timezone, fromMs);
  if (schedule.kind === 'rate') {
    const seconds = schedule.periodMs / 1000;
    return { frequency, shortestGapSeconds: seconds, longestGapSeconds: seconds };
  }
  return { frequency, ...gapsOf(firings(schedule, timezone, fromMs), fromMs) };
}

function gapsOf(ticks: Iterable<number>, fromMs: number): Omit<Pace, 'frequency'> {
  let previous: number | null = null;
  let shortest = Number.POSITIVE_INFINITY;
  let longest = 0;
  for (const tick of ticks) {
    if (previous !== null) {
      shortest = Math.min(shortest, tick - previous);
      longest = Math.max(longest, tick - previous);
    }
    if (longest > 0 && tick > fromMs + WEEK_MS) break;
    previous = tick;
  }
  if (longest === 0) return { shortestGapSeconds: null, longestGapSeconds: null };
  return { shortestGapSeconds: Math.floor(shortest / 1000), longestGapSeconds: Math.ceil(longest / 1000) };
}
