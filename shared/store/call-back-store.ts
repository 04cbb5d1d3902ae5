/** Bringing idle slices home, once their scope has become exact. */
import { type Scope, scopesOf } from '../domain/budget.ts';
import type { Instance } from '../domain/instance.ts';
import type { Op, Table, Update } from '../ports/table.ts';
import { returnOp } from './budget-store.ts';
import { getInstance, listFleet, listInstances, pinned } from './instance-store.ts';
import { instanceKey } from './keys.ts';

export type CallBack = {
  readonly scope: Scope;
  readonly period: string;
  /** Whoever asks returns its own rest itself, with its claim or its refusal. */
  readonly except?: Pick<Instance, 'agentId' | 'number'>;
};

/**
 * Empties every idle slice of the scope and period, and flips leased instances to exact: their `end` returns the rest.
 * When it resolves, no instance of the scope holds money it is not using.
 */
export async function callBack(table: Table, { scope, period, except }: CallBack): Promise<void> {
  const instances =
    scope === 'fleet' ? await listFleet(table) : await listInstances(table, scope.slice('agent:'.length));
  for (const found of instances) {
    if (found.agentId === except?.agentId && found.number === except.number) continue;
    let instance: Instance | null = found;
    while (instance && holdsSlice(instance, period) && !(await flip(table, instance))) {
      instance = await getInstance(table, instance.agentId, instance.number);
    }
  }
}

function holdsSlice({ slice, run }: Instance, period: string): boolean {
  return slice.period === period && !slice.exact && (run !== null || slice.availableMicros > 0);
}

async function flip(table: Table, instance: Instance): Promise<boolean> {
  const { agentId, number, slice, run } = instance;
  const update: Update = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: pinned(instance),
    set: run ? { ex: true } : { ex: true, av: 0 },
    add: { rev: 1 },
  };
  const home: Op[] = run ? [] : scopesOf(agentId).map((of) => returnOp(of, slice.period, slice.availableMicros));
  return (await table.transact([update, ...home])).ok;
}
