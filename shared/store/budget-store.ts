/** Budgets: opened lazily from their limit, cut into slices while there is room, exact when there is not. */
import {
  type Amounts,
  BUDGET_KIND,
  type Budget,
  defaultLimitMicros,
  isBasic,
  type Limit,
  type Line,
  lineName,
  type Scope,
  usdDay,
} from '../domain/budget.ts';
import { periodOf } from '../domain/calendar.ts';
import { NovaError } from '../domain/error.ts';
import type { Slice } from '../domain/instance.ts';
import type { Condition, Item, Key, Op, Table, Update } from '../ports/table.ts';
import { budgetKey, budgetPk, limitKey } from './keys.ts';
import { queryAll } from './query-all.ts';

/** Where the limit of dollars a day is kept: the number of instances of a scope stands there as well. */
export const limitKeyOf = (scope: Scope): Key => limitKey(scope, BUDGET_KIND);
export const limitKeyFor = (line: Line): Key => limitKey(line.scope, lineName(line));
export const budgetKeyFor = (line: Line, period: string): Key => budgetKey(line.scope, lineName(line), period);
/** The period of a line in which a slice was cut. */
export const periodFor = ({ per }: Line, { period, hour }: Pick<Slice, 'period' | 'hour'>): string =>
  periodOf(per, { date: period, hour });

export function decodeLimit(scope: Scope, item: Item | null): Limit {
  return decodeLimitOf(usdDay(scope), item);
}

/** The limit of a line as its item says; nothing is allowed where nobody has set one that is not there by itself. */
export function decodeLimitOf(line: Line, item: Item | null): Limit {
  return {
    line,
    scope: line.scope,
    limitMicros: Number(item?.limit ?? (isBasic(line) ? defaultLimitMicros(line.scope) : 0)),
    version: Number(item?.version ?? 0),
    instances: Number(item?.instances ?? 0),
    throttled: item?.unthrottled !== true,
    counting: item?.counting === true,
    removed: item?.removed === true,
  };
}

export function decodeBudget(line: Line, item: Item): Budget {
  const period = item.sk.slice(item.sk.indexOf('#') + 1);
  return {
    line,
    scope: line.scope,
    period,
    limitMicros: Number(item.limit),
    availableMicros: Number(item.available),
    exact: item.exact === true,
    swept: item.swept === true,
    counting: item.counting === true,
    removed: item.removed === true,
    throttled: item.unthrottled !== true,
    full: item.full === true,
    told: Number(item.told ?? 0),
  };
}

export async function getLimit(table: Table, scope: Scope): Promise<Limit> {
  return getLimitOf(table, usdDay(scope));
}

export async function getLimitOf(table: Table, line: Line): Promise<Limit> {
  return decodeLimitOf(line, await table.get(limitKeyFor(line)));
}

/** How many instances may cut slices in a scope; for a department at most as many as the fleet has. */
export async function instancesUnder(table: Table, scope: Scope): Promise<number> {
  return (await getLimit(table, scope.startsWith('department:') ? 'fleet' : scope)).instances;
}

/** The budget as it is, or null when nobody has opened it. */
export async function getBudget(table: Table, line: Line, period: string): Promise<Budget | null> {
  const item = await table.get(budgetKeyFor(line, period));
  return item && decodeBudget(line, item);
}

/** All budgets of a line that were ever opened. */
export async function openedBudgets(table: Table, line: Line): Promise<Budget[]> {
  const items = await queryAll(table, { pk: budgetPk(line.scope), prefix: `${lineName(line)}#` });
  return items.map((item) => decodeBudget(line, item));
}

/** Reads the budget of a period, opening it first if it is new: from the limit's version that was read, never another. */
export async function openBudget(table: Table, line: Line, period: string): Promise<Budget> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const open = await getBudget(table, line, period);
    if (open) return open;
    const limit = await getLimitOf(table, line);
    await table.transact([limitCheck(limit), openingOp(limit, period)]);
  }
  throw new NovaError(
    'unavailable',
    `the budget of ${line.scope} for ${period} cannot be opened: its limit keeps changing`,
  );
}

function limitCheck({ line, version }: Limit): Op {
  const unchanged: Condition = version
    ? { attr: 'version', op: '=', value: version }
    : { attr: 'version', op: 'missing' };
  return { op: 'check', key: limitKeyFor(line), if: [unchanged] };
}

/** A fresh budget; one of a limit that is new gives nothing out until `counting` is gone. */
export function openingOp(limit: Limit, period: string): Op {
  const { line, limitMicros, throttled, counting, removed } = limit;
  const item = {
    ...budgetKeyFor(line, period),
    v: 1,
    limit: limitMicros,
    available: limitMicros,
    ...(throttled ? {} : { unthrottled: true }),
    ...(counting ? { counting: true } : {}),
    ...(removed ? { removed: true } : {}),
  };
  return { op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] };
}

/** Takes of every line what it limits; refused when one has less. Slices are refused as well once a budget is exact. */
export function takeOps(slice: Slice, amounts: Amounts, cut: 'slice' | 'exactly'): Update[] {
  return slice.lines
    .filter(({ kind }) => amounts[kind] > 0)
    .map((line) => ({
      op: 'update',
      key: budgetKeyFor(line, periodFor(line, slice)),
      if: [
        { attr: 'available', op: '>=', value: amounts[line.kind] },
        { attr: 'counting', op: 'missing' },
        ...(cut === 'slice' ? [{ attr: 'exact', op: 'missing' } as const] : []),
      ],
      add: { available: -amounts[line.kind] },
    }));
}

/** Gives back what was not used, to the periods it was taken from. */
export function returnOpsOf(slice: Slice, amounts: Amounts): Update[] {
  return slice.lines
    .filter(({ kind }) => amounts[kind] !== 0)
    .map((line) => returnOp(line, periodFor(line, slice), amounts[line.kind]));
}

export function returnOp(line: Line, period: string, amount: number): Update {
  return {
    op: 'update',
    key: budgetKeyFor(line, period),
    if: [{ attr: 'pk', op: 'exists' }],
    add: { available: amount },
  };
}

/** From here no slice is cut; set before anybody looks for idle money. */
export async function makeExact(table: Table, line: Line, period: string): Promise<void> {
  await table.write({
    op: 'update',
    key: budgetKeyFor(line, period),
    if: [
      { attr: 'pk', op: 'exists' },
      { attr: 'exact', op: 'missing' },
    ],
    set: { exact: true },
  });
}

/** All idle slices are home. Void when a raise has ended `exact` meanwhile. */
export async function markSwept(table: Table, line: Line, period: string): Promise<void> {
  await table.write({
    op: 'update',
    key: budgetKeyFor(line, period),
    if: [{ attr: 'exact', op: '=', value: true }],
    set: { swept: true },
  });
}
