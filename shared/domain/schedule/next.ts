/**
 * When a schedule fires. Wall time that a clock skips (spring) does not fire; wall time that comes twice (autumn) fires
 * once, at the first of the two instants. Sources: EventBridge Scheduler's user guide, "Schedule types", "Time zones".
 */
import { instantOf, localAt } from '../zone.ts';
import { daysOf } from './days.ts';
import type { CronExpression, ScheduleExpression } from './parse.ts';

/**
 * The first firing strictly after `afterMs`; null when there is none any more.
 * A rate fires at `anchorMs` (its creation, default `afterMs`) and every period from there.
 */
export function nextFiring(
  schedule: ScheduleExpression,
  timezone: string,
  afterMs: number,
  anchorMs: number = afterMs,
): number | null {
  if (schedule.kind === 'rate') {
    if (afterMs < anchorMs) return anchorMs;
    return anchorMs + (Math.floor((afterMs - anchorMs) / schedule.periodMs) + 1) * schedule.periodMs;
  }
  if (schedule.kind === 'at') {
    const ms = instantOf(schedule.localMs, timezone);
    return ms !== null && ms > afterMs ? ms : null;
  }
  const next = cronFirings(schedule, timezone, afterMs).next();
  return next.done ? null : next.value;
}

/**
 * All firings after `afterMs`, ascending, as long as somebody asks. A rate without an anchor counts as created at
 * `afterMs` and fires there first, at once.
 */
export function* firings(
  schedule: ScheduleExpression,
  timezone: string,
  afterMs: number,
  anchorMs?: number,
): Generator<number, void, undefined> {
  if (schedule.kind === 'cron') {
    yield* cronFirings(schedule, timezone, afterMs);
    return;
  }
  if (schedule.kind === 'rate' && anchorMs === undefined) yield afterMs;
  let next = nextFiring(schedule, timezone, afterMs, anchorMs ?? afterMs);
  while (next !== null) {
    yield next;
    next = nextFiring(schedule, timezone, next, anchorMs ?? afterMs);
  }
}

/**
 * Firings are walked in wall time, which the first instants follow in order. What the wall showed up to `afterMs` has
 * fired; of what comes later on the wall, an overlap may have fired some already: those are passed over one by one.
 */
function* cronFirings(cron: CronExpression, timezone: string, afterMs: number): Generator<number, void, undefined> {
  for (const localMs of wallTimes(cron, localAt(afterMs, timezone))) {
    const ms = instantOf(localMs, timezone);
    if (ms !== null && ms > afterMs) yield ms;
  }
}

function* wallTimes(cron: CronExpression, afterLocal: number): Generator<number, void, undefined> {
  const from = new Date(afterLocal);
  const firstMonth = from.getUTCFullYear() * 12 + from.getUTCMonth();
  for (const year of cron.years) {
    for (const month of cron.months) {
      if (year * 12 + month - 1 < firstMonth) continue;
      for (const day of daysOf(cron, year, month)) yield* timesOf(cron, Date.UTC(year, month - 1, day), afterLocal);
    }
  }
}

function* timesOf(cron: CronExpression, midnight: number, afterLocal: number): Generator<number, void, undefined> {
  if (midnight + 86_400_000 <= afterLocal) return;
  for (const hour of cron.hours) {
    const start = midnight + hour * 3_600_000;
    if (start + 3_600_000 <= afterLocal) continue;
    for (const minute of cron.minutes) {
      const localMs = start + minute * 60_000;
      if (localMs > afterLocal) yield localMs;
    }
  }
}
