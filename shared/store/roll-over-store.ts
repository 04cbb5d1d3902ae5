/** A new period begins for one instance: yesterday's item is written, its rest goes home, nothing is carried over. */
import { scopesOf } from '../domain/budget.ts';
import { type Instance, NO_TALLY } from '../domain/instance.ts';
import type { Op, Put, Table } from '../ports/table.ts';
import { returnOp } from './budget-store.ts';
import { encodeTally } from './instance-item.ts';
import { pinned } from './instance-store.ts';
import { dayKey, instanceKey } from './keys.ts';

/** Rolls a *free* instance over to `period`; false when it was leased or touched meanwhile. */
export async function rollOver(table: Table, instance: Instance, period: string): Promise<boolean> {
  if (instance.run || instance.slice.period === period) return false;
  const { agentId, number, slice } = instance;
  const opened: Op = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: [...pinned(instance), { attr: 'ho', op: 'missing' }],
    set: { pe: period, av: 0, d: encodeTally(NO_TALLY) },
    remove: ['ex'],
    add: { rev: 1 },
  };
  const rest = slice.availableMicros;
  const returned = rest > 0 ? scopesOf(agentId).map((scope) => returnOp(scope, slice.period, rest)) : [];
  const result = await table.transact([opened, ...dayOps(instance), ...returned]);
  return result.ok;
}

function dayOps({ agentId, number, slice, day }: Instance): Put[] {
  // A lost attempt is charged before its run is counted.
  if (day.runs + day.refused === 0 && day.costMicros === 0) return [];
  const item = { ...dayKey(agentId, slice.period, number), v: 1, agentId, date: slice.period, t: encodeTally(day) };
  return [{ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] }];
}
