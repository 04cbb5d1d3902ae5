/** The owner's calendar: one item, because processes learn of a changed zone at different times. */
import { type Calendar, calendarIn, type Moment, momentAt, movedTo } from '../domain/calendar.ts';
import type { Item, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { calendarKey } from './keys.ts';

export type CalendarPorts = Pick<World, 'table' | 'time'> & {
  readonly settings: Pick<World['settings'], 'timezone'>;
};
type Kept = { readonly calendar: Calendar; readonly asOf: number };

/** Read again after so long: a changed zone begins no sooner than five minutes after it was noticed. */
const FRESH_MS = 60_000;
const kept = new WeakMap<Table, Kept>();

/** Date and hour now. */
export async function momentNow(ports: CalendarPorts): Promise<Moment> {
  return await momentOf(ports, ports.time.now());
}

/** Date and hour at another instant. */
export async function momentOf(ports: CalendarPorts, ms: number): Promise<Moment> {
  return momentAt(ms, await calendarAt(ports, ports.time.now()));
}

/** Kept for a minute; the zone of the settings until somebody has written another. */
export async function calendarAt({ table, settings }: CalendarPorts, now: number): Promise<Calendar> {
  const known = kept.get(table);
  if (known && Math.abs(now - known.asOf) < FRESH_MS) return known.calendar;
  const item = await table.get(calendarKey);
  const calendar = item ? decode(item) : calendarIn(settings.timezone);
  kept.set(table, { calendar, asOf: now });
  return calendar;
}

/** Writes down the zone of the settings; another than before begins at its first midnight after the running day. */
export async function adoptZone({ table, time, settings }: CalendarPorts): Promise<boolean> {
  const item = await table.get(calendarKey);
  const before = item ? decode(item) : null;
  if (before?.timezone === settings.timezone) return false;
  const after = before ? movedTo(before, settings.timezone, time.now()) : calendarIn(settings.timezone);
  const result = await table.write({
    op: 'put',
    item: { ...calendarKey, v: 1, calendar: JSON.stringify(after), timezone: after.timezone },
    if: [before ? { attr: 'calendar', op: '=', value: String(item?.calendar) } : { attr: 'pk', op: 'missing' }],
  });
  kept.delete(table);
  return result.ok;
}

const decode = (item: Item): Calendar => JSON.parse(String(item.calendar)) as Calendar;
