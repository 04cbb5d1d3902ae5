/** Money along the line of time: a row per day, or per hour of one day, also where nothing happened. */
import type { LedgerEntry } from '../ledger.ts';
import { dayBounds, dayOf } from '../period.ts';
import { offsetAt } from '../zone.ts';
import { type Books, datesIn } from './books.ts';
import { costOf } from './cost.ts';
import { incomeOf } from './income.ts';
import { sumOf } from './share.ts';

export type TimelineRow = {
  /** Unique within the timeline: a date, or the first instant of an hour. */
  readonly id: string;
  /** For people, in the owner's zone: `2026-11-20`, `14:00`; with the offset on a day that has not 24 hours. */
  readonly label: string;
  /** Epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  readonly revenueMicros: number;
  readonly netMicros: number;
  readonly costMicros: number;
  readonly profitMicros: number;
  /** Movements of money. */
  readonly events: number;
  readonly runs: number;
};

export type Timeline = {
  readonly unit: 'hour' | 'day';
  readonly rows: readonly TimelineRow[];
  /** Of a day by the hour: spent that day and in no row, because its run has not ended or is no longer kept. */
  readonly unplacedCostMicros: number;
};

/** What one ended run cost; by the moment it was claimed, whose day it is charged to. */
export type RunCost = { readonly startedAt: number; readonly costMicros: number };

export function dailyTimeline(books: Books): Timeline {
  const { timezone } = books.span;
  const entries = Map.groupBy(books.entries, ({ at }) => dayOf(at, timezone));
  const costs = Map.groupBy(books.costs, ({ date }) => date);
  const rows = datesIn(books).map((date): TimelineRow => {
    const { startMs, endMs } = dayBounds(date, timezone);
    const { runs, costMicros } = costOf(date, costs.get(date) ?? [], 0);
    return rowOf({ id: date, label: date, startMs, endMs }, entries.get(date) ?? [], { runs, costMicros });
  });
  return { unit: 'day', rows, unplacedCostMicros: 0 };
}

/** The hours of the span's only day: 23, 24 or 25 of them. */
export function hourlyTimeline(books: Books, runs: readonly RunCost[]): Timeline {
  const { to: date, timezone } = books.span;
  const day = dayBounds(date, timezone);
  const hours = Array.from({ length: Math.ceil((day.endMs - day.startMs) / HOUR) }, (_, n) => day.startMs + n * HOUR);
  const hourOf = (at: number): number => Math.floor((at - day.startMs) / HOUR);
  const entries = Map.groupBy(books.entries, ({ at }) => hourOf(at));
  const spent = Map.groupBy(runs, ({ startedAt }) => hourOf(startedAt));
  const odd = day.endMs - day.startMs !== 24 * HOUR;
  const rows = hours.map((startMs, n): TimelineRow => {
    const some = spent.get(n) ?? [];
    const cost = { runs: some.length, costMicros: sumOf(some, ({ costMicros }) => costMicros) };
    const bounds = { startMs, endMs: Math.min(day.endMs, startMs + HOUR) };
    const label = wallTime(startMs, timezone, odd);
    return rowOf({ id: new Date(startMs).toISOString(), label, ...bounds }, entries.get(n) ?? [], cost);
  });
  const whole = sumOf(books.costs, ({ costMicros }) => costMicros);
  return { unit: 'hour', rows, unplacedCostMicros: whole - sumOf(rows, ({ costMicros }) => costMicros) };
}

const HOUR = 3_600_000;

type Slot = Pick<TimelineRow, 'id' | 'label' | 'startMs' | 'endMs'>;

function rowOf(slot: Slot, entries: readonly LedgerEntry[], cost: Pick<TimelineRow, 'runs' | 'costMicros'>) {
  const { revenueMicros, netMicros, entries: events } = incomeOf(entries);
  return { ...slot, revenueMicros, netMicros, ...cost, profitMicros: netMicros - cost.costMicros, events };
}

/** `01:00`, or `01:00 -04:00` where an hour may come twice. */
function wallTime(ms: number, timezone: string, withOffset: boolean): string {
  const offset = offsetAt(ms, timezone);
  const time = new Date(ms + offset).toISOString().slice(11, 16);
  if (!withOffset) return time;
  const size = new Date(Math.abs(offset)).toISOString().slice(11, 16);
  return `${time} ${offset < 0 ? '-' : '+'}${size}`;
}

/** Rows of the same month as one: what people read of a long time. */
export function byMonth(rows: readonly TimelineRow[]): TimelineRow[] {
  return [...Map.groupBy(rows, ({ id }) => id.slice(0, 7))].map(([month, some]) => merged(month, some));
}

/** At most so many rows, each of them as many neighbours as all others; the last may have fewer. */
export function condensed(rows: readonly TimelineRow[], most: number): TimelineRow[] {
  const size = Math.max(1, Math.ceil(rows.length / Math.max(1, most)));
  const groups = Array.from({ length: Math.ceil(rows.length / size) }, (_, n) => rows.slice(n * size, (n + 1) * size));
  return groups.map((some) => merged(some[0]?.id ?? '', some));
}

function merged(name: string, some: readonly TimelineRow[]): TimelineRow {
  return {
    id: name,
    label: name,
    startMs: some[0]?.startMs ?? 0,
    endMs: some.at(-1)?.endMs ?? 0,
    revenueMicros: sumOf(some, (row) => row.revenueMicros),
    netMicros: sumOf(some, (row) => row.netMicros),
    costMicros: sumOf(some, (row) => row.costMicros),
    profitMicros: sumOf(some, (row) => row.profitMicros),
    events: sumOf(some, (row) => row.events),
    runs: sumOf(some, (row) => row.runs),
  };
}
