const DAY = 86_400_000;

/** UTC dates, today first. */
export function lastDays(now: number, days: number): string[] {
  return Array.from({ length: days }, (_, back) => new Date(now - back * DAY).toISOString().slice(0, 10));
}
