/** What the closed runs of one instance have used in a period, from its tallies and records: for a limit that is new. */
import type { AgentSpec } from '../domain/agent.ts';
import { type Amounts, type Line, NOTHING } from '../domain/budget.ts';
import { datesOf, periodOf } from '../domain/calendar.ts';
import type { Instance } from '../domain/instance.ts';
import { tokensOf } from '../domain/receipt-code.ts';
import type { RunRecord } from '../domain/run.ts';
import { type CalendarPorts, momentOf } from './calendar-store.ts';
import { closedDays } from './day-store.ts';
import { recordsSince } from './run-store.ts';

export type Used = { readonly line: Line; readonly period: string; readonly spec: AgentSpec };

const MARGIN_MS = 172_800_000;

/** Dollars and runs of whole days by tally, the rest by record. */
export async function usedIn(ports: CalendarPorts, instance: Instance, { line, period, spec }: Used): Promise<number> {
  const dates = datesOf(line.per, period);
  if (!dates || line.kind === 'seconds' || line.kind === 'tokens')
    return await usedByRecords(ports, instance, { line, period, spec });
  const days = await closedDays(ports.table, instance.agentId, dates);
  const closed = days.filter(({ instance: number }) => number === instance.number).map(({ tally }) => tally);
  const isToday = instance.slice.period >= dates.from && instance.slice.period <= dates.to;
  const name = line.kind === 'usd' ? 'costMicros' : 'runs';
  return [...closed, ...(isToday ? [instance.day] : [])].reduce((sum, tally) => sum + tally[name], 0);
}

async function usedByRecords(ports: CalendarPorts, instance: Instance, { line, period, spec }: Used): Promise<number> {
  let sum = 0;
  for (const record of await recordsSince(ports.table, instance, startsAfter(period))) {
    const moment = await momentOf(ports, record.startedAt);
    if (periodOf(line.per, moment) === period) sum += usedBy(record, spec)[line.kind];
  }
  return sum;
}

/** Some time before the period begins in any zone. */
function startsAfter(period: string): number {
  const date = period.slice(0, 10).padEnd(10, '-01');
  return Math.max(0, (Date.parse(`${date}T00:00:00Z`) || 0) - MARGIN_MS);
}

/** A run uses no more seconds than it holds: what a lost one lasted until it was found says nothing. */
function usedBy({ outcome, costMicros, durationMs, receipt = '' }: RunRecord, { timeoutSeconds }: AgentSpec): Amounts {
  const ran = outcome !== 'refused' && outcome !== 'cancelled';
  const seconds = Math.min(timeoutSeconds, Math.ceil(durationMs / 1000));
  const tokens = tokensOf(receipt, durationMs);
  return { ...NOTHING, usd: costMicros, tokens, runs: ran ? 1 : 0, seconds };
}
