/** Budgets as people see them: what may be used, what is used, held and left, now and in the periods before. */
import {
  type Budget,
  type BudgetStatus,
  budgetStatus,
  isBasic,
  isLine,
  type Kind,
  type Line,
  type Scope,
  usdDay,
} from '../domain/budget.ts';
import { type Per, periodOf } from '../domain/calendar.ts';
import type { Instance } from '../domain/instance.ts';
import { heldBy, inSlice } from '../domain/protocol/slice.ts';
import type { Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { getBudget, getLimitOf, openedBudgets, periodFor } from './budget-store.ts';
import { momentNow } from './calendar-store.ts';
import { allLimits, instancesIn } from './scope-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

/** Amounts are in the unit of the kind: micro-USD, tokens, runs, seconds. */
export type BudgetView = {
  readonly id: Scope;
  readonly kind: Kind;
  readonly per: Per;
  readonly period: string;
  readonly limitMicros: number;
  readonly spentMicros: number;
  readonly reservedMicros: number;
  readonly availableMicros: number;
  readonly percent: number;
  readonly status: BudgetStatus;
};

/** Dollars of today. */
export async function viewBudget(world: Ports, scope: Scope): Promise<BudgetView> {
  return await viewLine(world, usdDay(scope));
}

/** One limit in its running period. Reserved is what is neither used nor available. */
export async function viewLine(world: Ports, line: Line): Promise<BudgetView> {
  const { table } = world;
  const period = periodOf(line.per, await momentNow(world));
  const limit = await getLimitOf(table, line);
  const budget = await getBudget(table, line, period);
  const instances = await instancesIn(table, line.scope);
  const spent = isBasic(line) ? spentOfDay(instances, period) : spentOf(budget, instances);
  const limitMicros = budget?.limitMicros ?? limit.limitMicros;
  const left = budget?.availableMicros ?? limitMicros;
  return {
    ...{ id: line.scope, kind: line.kind, per: line.per, period, limitMicros },
    spentMicros: spent,
    reservedMicros: Math.max(0, limitMicros - left - spent),
    availableMicros: left,
    percent: percentOf(spent, limitMicros),
    status: budgetStatus(spent, limitMicros),
  };
}

export const percentOf = (spent: number, limit: number): number =>
  limit === 0 ? 100 : Math.floor((spent * 100) / limit);

function spentOfDay(instances: readonly Instance[], period: string): number {
  return instances.filter(({ slice }) => slice.period === period).reduce((sum, { day }) => sum + day.costMicros, 0);
}

/** What is gone from the budget and in nobody's hands. */
function spentOf(budget: Budget | null, instances: readonly Instance[]): number {
  if (!budget) return 0;
  const { line, period, limitMicros, availableMicros } = budget;
  const cut = instances.filter(({ slice }) => slice.lines.some((one) => isLine(one, line)));
  const hands = cut
    .filter(({ slice }) => periodFor(line, slice) === period)
    .reduce((sum, { slice, run }) => sum + inSlice(slice)[line.kind] + heldBy(run)[line.kind], 0);
  return Math.max(0, limitMicros - availableMicros - hands);
}

/** Every limit of these scopes that somebody has set, after the dollars a day that each of them has. */
export async function linesUnder(table: Table, scopes: readonly Scope[]): Promise<Line[]> {
  const set = (await allLimits(table)).map(({ line }) => line).filter((line) => !isBasic(line));
  return scopes.flatMap((scope) => [
    ...(scope.startsWith('department:') ? [] : [usdDay(scope)]),
    ...set.filter((line) => line.scope === scope),
  ]);
}

/** Departments that have a limit. */
export async function limitedDepartments(table: Table): Promise<Scope[]> {
  const scopes = (await allLimits(table)).map(({ line }) => line.scope);
  return [...new Set(scopes.filter((scope) => scope.startsWith('department:')))];
}

export type PastBudget = Pick<BudgetView, 'id' | 'kind' | 'per' | 'period' | 'limitMicros' | 'percent' | 'status'> & {
  /** Used, and held by runs in progress. */
  readonly usedMicros: number;
};

/** The budgets of a limit that were ever opened, the newest first. */
export async function pastBudgets(table: Table, line: Line): Promise<PastBudget[]> {
  return (await openedBudgets(table, line)).map(pastOf).reverse();
}

function pastOf({ line, period, limitMicros, availableMicros }: Budget): PastBudget {
  const usedMicros = limitMicros - availableMicros;
  return {
    ...{ id: line.scope, kind: line.kind, per: line.per, period, limitMicros, usedMicros },
    percent: percentOf(usedMicros, limitMicros),
    status: budgetStatus(usedMicros, limitMicros),
  };
}
