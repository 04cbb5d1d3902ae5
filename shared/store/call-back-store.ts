/** Bringing idle slices home, once a budget they were cut from has become exact. */
import { isLine, type Line } from '../domain/budget.ts';
import type { Instance } from '../domain/instance.ts';
import { inSlice, isNothing, limited } from '../domain/protocol/slice.ts';
import type { Op, Table, Update } from '../ports/table.ts';
import { periodFor, returnOpsOf } from './budget-store.ts';
import { getInstance, pinned, sliceEmpty } from './instance-store.ts';
import { instanceKey } from './keys.ts';
import { instancesIn } from './scope-store.ts';

export type CallBack = {
  readonly line: Line;
  readonly period: string;
  /** Whoever asks returns its own rest itself, with its claim or its refusal. */
  readonly except?: Pick<Instance, 'agentId' | 'number'>;
};

/**
 * Empties every idle slice cut from the line in the period, and flips leased instances to exact: their `end` returns the
 * rest. When it resolves, no instance of the scope holds anything it is not using.
 */
export async function callBack(table: Table, { line, period, except }: CallBack): Promise<void> {
  for (const found of await instancesIn(table, line.scope)) {
    if (found.agentId === except?.agentId && found.number === except.number) continue;
    let instance: Instance | null = found;
    while (instance && holdsSlice(instance, { line, period }) && !(await flip(table, instance))) {
      instance = await getInstance(table, instance.agentId, instance.number);
    }
  }
}

function holdsSlice({ slice, run }: Instance, { line, period }: CallBack): boolean {
  if (slice.exact || !slice.lines.some((one) => isLine(one, line))) return false;
  return periodFor(line, slice) === period && (run !== null || !isNothing(inSlice(slice)));
}

async function flip(table: Table, instance: Instance): Promise<boolean> {
  const { agentId, number, slice, run } = instance;
  const update: Update = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: pinned(instance),
    set: run ? { ex: true } : { ex: true, ...sliceEmpty(slice.lines) },
    add: { rev: 1 },
  };
  const home: Op[] = run ? [] : returnOpsOf(slice, limited(slice.lines, inSlice(slice)));
  return (await table.transact([update, ...home])).ok;
}
