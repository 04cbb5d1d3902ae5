/**
 * A new period begins for one instance: what its slice has left goes home to the old periods, a day that is over is
 * written down, nothing is carried over. The limits it is under from now on are read anew.
 */
import { isLine } from '../domain/budget.ts';
import { type Moment, periodOf } from '../domain/calendar.ts';
import { type Instance, NO_TALLY } from '../domain/instance.ts';
import { hourFor, inSlice, limited } from '../domain/protocol/slice.ts';
import type { Op, Put } from '../ports/table.ts';
import { returnOpsOf } from './budget-store.ts';
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
  const { lines, counting } = await linesOf(ports.table, agentId);
  const hour = hourFor(lines, moment.hour);
  if (slice.period === moment.date && slice.hour === hour) return false;
  const uncounted = counting.find((line) => !slice.lines.some((known) => isLine(known, line)));
  if (uncounted && slice.period !== '-') {
    // A limit that is new to it: what it has spent before is counted in the periods it was spent in.
    await countBefore(ports, uncounted, periodOf(uncounted.per, moment));
    return false;
  }
  const newDay = slice.period !== moment.date;
  const change = sliceChange({ ...slice, period: moment.date, hour, lines, exact: false });
  const opened: Op = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: [...pinned(instance), { attr: 'ho', op: 'missing' }],
    set: { ...change.set, ...(newDay ? { d: encodeTally(NO_TALLY) } : {}) },
    remove: newDay ? [...change.remove, 'rm'] : change.remove,
    add: { rev: 1 },
  };
  const rest = limited(slice.lines, inSlice(slice));
  const result = await ports.table.transact([opened, ...(newDay ? dayOps(instance) : []), ...returnOpsOf(slice, rest)]);
  return result.ok;
}

function dayOps({ agentId, number, slice, day }: Instance): Put[] {
  // A lost attempt is charged before its run is counted.
  if (day.runs + day.refused === 0 && day.costMicros === 0) return [];
  const item = { ...dayKey(agentId, slice.period, number), v: 1, agentId, date: slice.period, t: encodeTally(day) };
  return [{ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] }];
}
