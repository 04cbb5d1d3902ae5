/** Budgets: opened lazily from their limit, cut into slices while there is room, exact when there is not. */
import { BUDGET_KIND, type Budget, defaultLimitMicros, type Limit, type Scope } from '../domain/budget.ts';
import { NovaError } from '../domain/error.ts';
import type { Condition, Item, Key, Op, Table, Update } from '../ports/table.ts';
import { budgetKey, limitKey } from './keys.ts';

export const limitKeyOf = (scope: Scope): Key => limitKey(scope, BUDGET_KIND);
export const budgetKeyOf = (scope: Scope, period: string): Key => budgetKey(scope, BUDGET_KIND, period);

export function decodeLimit(scope: Scope, item: Item | null): Limit {
  return {
    scope,
    limitMicros: Number(item?.limit ?? defaultLimitMicros(scope)),
    version: Number(item?.version ?? 0),
    instances: Number(item?.instances ?? 0),
  };
}

function decodeBudget(scope: Scope, period: string, item: Item): Budget {
  return {
    scope,
    period,
    limitMicros: Number(item.limit),
    availableMicros: Number(item.available),
    exact: item.exact === true,
    swept: item.swept === true,
  };
}

export async function getLimit(table: Table, scope: Scope): Promise<Limit> {
  return decodeLimit(scope, await table.get(limitKeyOf(scope)));
}

/** The budget as it is, or null when nobody has opened it. */
export async function getBudget(table: Table, scope: Scope, period: string): Promise<Budget | null> {
  const item = await table.get(budgetKeyOf(scope, period));
  return item && decodeBudget(scope, period, item);
}

/** Reads the budget of a period, opening it first if it is new: from the limit's version that was read, never another. */
export async function openBudget(table: Table, scope: Scope, period: string): Promise<Budget> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const open = await getBudget(table, scope, period);
    if (open) return open;
    const limit = await getLimit(table, scope);
    await table.transact(openingOps(limit, period));
  }
  throw new NovaError('unavailable', `the budget of ${scope} for ${period} cannot be opened: its limit keeps changing`);
}

function openingOps({ scope, version, limitMicros }: Limit, period: string): Op[] {
  const unchanged: Condition = version
    ? { attr: 'version', op: '=', value: version }
    : { attr: 'version', op: 'missing' };
  const budget = { ...budgetKeyOf(scope, period), v: 1, limit: limitMicros, available: limitMicros };
  return [
    { op: 'check', key: limitKeyOf(scope), if: [unchanged] },
    { op: 'put', item: budget, if: [{ attr: 'pk', op: 'missing' }] },
  ];
}

/** Takes from a budget; refused when it has less. A slice is refused as well once the budget is exact. */
export function takeOp(scope: Scope, period: string, take: { micros: number; slice: boolean }): Update {
  const enough: Condition = { attr: 'available', op: '>=', value: take.micros };
  const conditions: Condition[] = take.slice ? [enough, { attr: 'exact', op: 'missing' }] : [enough];
  return { op: 'update', key: budgetKeyOf(scope, period), if: conditions, add: { available: -take.micros } };
}

/** Gives back what was not spent, to the period it was taken from. */
export function returnOp(scope: Scope, period: string, micros: number): Update {
  return {
    op: 'update',
    key: budgetKeyOf(scope, period),
    if: [{ attr: 'pk', op: 'exists' }],
    add: { available: micros },
  };
}

/** From here no slice is cut; set before anybody looks for idle money. */
export async function makeExact(table: Table, scope: Scope, period: string): Promise<void> {
  await table.write({
    op: 'update',
    key: budgetKeyOf(scope, period),
    if: [
      { attr: 'pk', op: 'exists' },
      { attr: 'exact', op: 'missing' },
    ],
    set: { exact: true },
  });
}

/** All idle slices are home. Void when a raise has ended `exact` meanwhile. */
export async function markSwept(table: Table, scope: Scope, period: string): Promise<void> {
  await table.write({
    op: 'update',
    key: budgetKeyOf(scope, period),
    if: [{ attr: 'exact', op: '=', value: true }],
    set: { swept: true },
  });
}
