/** What became of past budgets: the limit of each day, and what was spent under it. */
import { type BudgetStatus, budgetStatus, type Scope, usdDay } from '../domain/budget.ts';
import { sumTallies } from '../domain/facts.ts';
import { datesOf } from '../domain/finance/span.ts';
import { type Instance, NO_TALLY, type Tally } from '../domain/instance.ts';
import type { Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { listAgents } from './agent-store.ts';
import { getBudget } from './budget-store.ts';
import { closedDays } from './day-store.ts';
import { listFleet, listInstances } from './instance-store.ts';

export type BudgetDay = {
  readonly date: string;
  /** null: nothing was spent that day, so no budget was opened. */
  readonly limitMicros: number | null;
  readonly spentMicros: number;
  readonly runs: number;
  /** For whatever reason: a used up budget is one of them. */
  readonly refused: number;
  readonly percent: number | null;
  readonly status: BudgetStatus | null;
};

/** One row per date from `from` to `to`, both included, the newest first. */
export async function budgetHistory(
  { table }: Pick<World, 'table'>,
  scope: Scope,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<BudgetDay[]> {
  const agentIds = scope === 'fleet' ? (await listAgents(table)).map(({ id }) => id) : [scope.slice('agent:'.length)];
  const [only = ''] = agentIds;
  const instances = scope === 'fleet' ? await listFleet(table) : await listInstances(table, only);
  const tallies = await talliesByDate(table, { agentIds, instances }, { from, to });
  return Promise.all(
    datesOf(from, to)
      .reverse()
      .map(async (date) =>
        dayOf(date, tallies.get(date) ?? NO_TALLY, (await getBudget(table, usdDay(scope), date))?.limitMicros),
      ),
  );
}

function dayOf(date: string, { runs, refused, costMicros }: Tally, limitMicros: number | undefined): BudgetDay {
  const spent = { date, spentMicros: costMicros, runs, refused };
  if (limitMicros === undefined) return { ...spent, limitMicros: null, percent: null, status: null };
  const percent = limitMicros === 0 ? 100 : Math.floor((costMicros * 100) / limitMicros);
  return { ...spent, limitMicros, percent, status: budgetStatus(costMicros, limitMicros) };
}

type Whose = { readonly agentIds: readonly string[]; readonly instances: readonly Instance[] };

async function talliesByDate(
  table: Table,
  { agentIds, instances }: Whose,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Map<string, Tally>> {
  const found: { readonly date: string; readonly tally: Tally }[] = instances
    .filter(({ slice }) => slice.period >= from && slice.period <= to)
    .map(({ slice, day }) => ({ date: slice.period, tally: day }));
  for (const agentId of agentIds) found.push(...(await closedDays(table, agentId, { from, to })));
  const byDate = Map.groupBy(found, ({ date }) => date);
  return new Map([...byDate].map(([date, some]) => [date, sumTallies(some.map(({ tally }) => tally))]));
}
