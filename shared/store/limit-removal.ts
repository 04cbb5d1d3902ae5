/**
 * Letting go of a limit that was removed: every instance under it is touched once, so that whoever was about to go by it
 * fails and looks again. What its slice has goes home to all its budgets. Whoever finds it unfinished finishes it.
 */
import { isLine, type Line } from '../domain/budget.ts';
import type { Instance } from '../domain/instance.ts';
import { hourFor, inSlice, limited } from '../domain/protocol/slice.ts';
import type { Op, Table } from '../ports/table.ts';
import { limitKeyFor, returnOpsOf } from './budget-store.ts';
import { getInstance, pinned, sliceChange } from './instance-store.ts';
import { instanceKey } from './keys.ts';
import { instancesIn } from './scope-store.ts';

/** Resolves when no instance goes by the line, by whomever; then it may be set again. */
export async function finishRemoval(table: Table, line: Line): Promise<void> {
  for (const found of await instancesIn(table, line.scope)) {
    let instance: Instance | null = found;
    while (instance && !(await letGo(table, instance, line))) {
      instance = await getInstance(table, instance.agentId, instance.number);
    }
  }
  await table.write({
    op: 'update',
    key: limitKeyFor(line),
    if: [{ attr: 'dropping', op: '=', value: true }],
    remove: ['dropping'],
  });
}

/** False when somebody else touched it. A run in progress keeps what it holds under all other limits. */
export async function letGo(table: Table, instance: Instance, line: Line): Promise<boolean> {
  const { agentId, number, slice } = instance;
  const lines = slice.lines.filter((known) => !isLine(known, line));
  const base = { op: 'update', key: instanceKey(agentId, number), if: pinned(instance), add: { rev: 1 } } as const;
  if (lines.length === slice.lines.length) return (await table.transact([base])).ok;
  const { set, remove } = sliceChange({ ...slice, lines, hour: hourFor(lines, slice.hour ?? '') });
  const home: Op[] = returnOpsOf(slice, limited(slice.lines, inSlice(slice)));
  return (await table.transact([{ ...base, set, remove }, ...home])).ok;
}
