/** Which days of a month a cron expression means. */
import type { MonthDays, WeekDays } from './fields.ts';
import type { CronExpression } from './parse.ts';

const DAY = 86_400_000;

const lengthOf = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** 1 = Sunday to 7 = Saturday. 1 January 1970 was a Thursday. */
function weekDayOf(year: number, month: number, day: number): number {
  const days = Date.UTC(year, month - 1, day) / DAY;
  return ((((days + 4) % 7) + 7) % 7) + 1;
}

const isWeekend = (weekDay: number): boolean => weekDay === 1 || weekDay === 7;

/** The weekday nearest to `day` without leaving the month; null in a month without that day. */
function nearestWeekday(year: number, month: number, day: number): number | null {
  const last = lengthOf(year, month);
  if (day > last) return null;
  const weekDay = weekDayOf(year, month, day);
  if (!isWeekend(weekDay)) return day;
  if (weekDay === 7) return day === 1 ? 3 : day - 1;
  return day === last ? day - 2 : day + 1;
}

function byMonth(are: MonthDays, year: number, month: number): readonly number[] {
  const last = lengthOf(year, month);
  if (are.kind === 'last') return [last];
  if (are.kind === 'on') return are.days.filter((day) => day <= last);
  const day = nearestWeekday(year, month, are.kind === 'lastWeekday' ? last : are.day);
  return day === null ? [] : [day];
}

function byWeek(are: WeekDays, year: number, month: number): readonly number[] {
  const last = lengthOf(year, month);
  const first = weekDayOf(year, month, 1);
  if (are.kind === 'on') {
    const days = Array.from({ length: last }, (_, i) => i + 1);
    return days.filter((day) => are.days.includes(((first - 1 + day - 1) % 7) + 1));
  }
  const earliest = 1 + ((are.weekDay - first + 7) % 7);
  if (are.kind === 'lastOf') return [earliest + 7 * Math.floor((last - earliest) / 7)];
  const day = earliest + 7 * (are.nth - 1);
  return day <= last ? [day] : [];
}

/** The days of the month on which `cron` fires, ascending; none for a date that does not exist. */
export function daysOf(cron: CronExpression, year: number, month: number): readonly number[] {
  return cron.days.of === 'month' ? byMonth(cron.days.are, year, month) : byWeek(cron.days.are, year, month);
}
