/**
 * A new period begins for one instance: what its slice has left goes home to the old periods, a day that is over is
 * written down, nothing is carried over. The limits it is under from now on are read anew.
 */
import { isLine, type Line } from '../domain/budget.ts';
import { type Moment, periodOf } from '../domain/calendar.ts';
import { type Instance, NO_TALLY } from '../domain/instance.ts';
import { hourFor, inSlice, limited } from '../domain/protocol/slice.ts';
import type { Op, Put } from '../ports/table.ts';
import { getBudget, periodFor, returnOpsOf } from './budget-store.ts';
import type { CalendarPorts } from './calendar-store.ts';
import { countBefore } from './count-store.ts';
import { encodeTally } from './instance-item.ts';
import { pinned, sliceChange } from './instance-store.ts';
import { dayKey, instanceKey } from './keys.ts';
import { linesOf } from './scope-store.ts';

/** Rolls a *free* instance over to `moment`; false when it was leased or touched meanwhile. */
export async function rollOver(ports: CalendarPorts, instance: Instance, moment: Moment): Promise<boolean> {
  const { agentId, number, slice, run } = instance;
  if (run) return false;
  // Read after the instance: whoever sets a limit touches every instance after that, and this write is pinned.
  const lines = await linesOf(ports.table, agentId);
  const hour = hourFor(lines, moment.hour);
  if (slice.period === moment.date && slice.hour === hour) return false;
  if (await isUncounted(ports, instance, { lines, moment })) return false;
  const newDay = slice.period !== moment.date;
  const change = sliceChange({ ...slice, period: moment.date, hour, lines, exact: false });
  const opened: Op = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: [...pinned(instance), { attr: 'ho', op: 'missing' }],
    set: { ...change.set, ...(newDay ? { d: encodeTally(NO_TALLY) } : {}) },
    remove: change.remove,
    add: { rev: 1 },
  };
  const rest = limited(slice.lines, inSlice(slice));
  const result = await ports.table.transact([opened, ...(newDay ? dayOps(instance) : []), ...returnOpsOf(slice, rest)]);
  return result.ok;
}

type Next = { readonly lines: readonly Line[]; readonly moment: Moment };

/** A limit that is new to it and runs since before its last run: what it has spent there is counted first. */
async function isUncounted(ports: CalendarPorts, { slice }: Instance, { lines, moment }: Next): Promise<boolean> {
  if (slice.period === '-') return false;
  for (const line of lines) {
    if (slice.lines.some((known) => isLine(known, line))) continue;
    const period = periodOf(line.per, moment);
    if (periodFor(line, slice) !== period && line.per !== 'hour') continue;
    const budget = await getBudget(ports.table, line, period);
    if (!budget?.counting) continue;
    await countBefore(ports, line, period);
    return true;
  }
  return false;
}

function dayOps({ agentId, number, slice, day }: Instance): Put[] {
  if (day.runs + day.refused === 0) return [];
  const item = { ...dayKey(agentId, slice.period, number), v: 1, agentId, date: slice.period, t: encodeTally(day) };
  return [{ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] }];
}
