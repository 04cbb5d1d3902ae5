/** The state of the whole house: health, buckets of agents, the month's money and target, what to do, what is wrong. */

import type { Agent } from '../shared/domain/agent.ts';
import { isObserved } from '../shared/domain/alert/rules.ts';
import { type AlertFacts, type FinanceAlert, financeAlerts } from '../shared/domain/finance/alerts.ts';
import { type CostShare, costShareOf } from '../shared/domain/finance/cost-share.ts';
import {
  type Advice,
  adviceOf,
  type Buckets,
  bucketsOf,
  type SystemHealth,
  systemHealth,
} from '../shared/domain/finance/overview.ts';
import type { HeldBack } from '../shared/domain/finance/settled.ts';
import type { TargetProgress } from '../shared/domain/finance/targets.ts';
import { roiBps } from '../shared/domain/money.ts';
import type { World } from '../shared/ports/world.ts';
import { listAgents } from '../shared/store/agent-store.ts';
import { type BudgetView, viewBudget } from '../shared/store/budget-view.ts';
import { type Money, type MoneyRow, moneyOf } from './books.ts';
import { membersOf } from './fleet.ts';
import { heldMoney } from './held-back.ts';
import { targetOf } from './targets.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings' | 'hashing'>;

/** An agent as far as rules about money need it, over its whole life. */
export type Rated = Omit<AlertFacts['agents'][number], 'observed'> & {
  readonly status: string;
  readonly profitMicros: number;
};

/** Sums of the running month of the target plan. */
export type MonthMoney = CostShare & {
  readonly from: string;
  readonly to: string;
  readonly revenueMicros: number;
  readonly costMicros: number;
  readonly profitMicros: number;
  readonly roiBps: number | null;
} & HeldBack;

export type Overview = {
  readonly agents: {
    readonly total: number;
    readonly active: number;
    readonly paused: number;
    readonly retired: number;
  };
  readonly health: SystemHealth;
  readonly buckets: Buckets;
  readonly month: MonthMoney;
  readonly target: TargetProgress;
  readonly advice: readonly Advice[];
  readonly alerts: readonly FinanceAlert[];
};

/** @param budgets those whose use is to be judged; the fleet's when there are none */
export async function overviewOf(
  world: Ports,
  given: { readonly rated?: readonly Rated[]; readonly budget?: BudgetView } = {},
): Promise<Overview> {
  const [agents, rated, budget, target] = await Promise.all([
    listAgents(world.table),
    given.rated ?? ratedAgents(world),
    given.budget ?? viewBudget(world, 'fleet'),
    targetOf(world),
  ]);
  const living = rated.filter(({ status }) => status !== 'retired');
  const buckets = bucketsOf(living.map((agent) => agent.roiBps));
  const money = moneyOf(target.books);
  const { total: held } = await heldMoney(world, target.books);
  const month = { ...monthMoney(money.total, target.progress), ...held };
  const losers = living.filter((agent) => (agent.roiBps ?? 0) < 0).sort((a, b) => a.profitMicros - b.profitMicros);
  const onTrack = target.progress.tracking !== 'behind';
  return {
    agents: countsOf(rated),
    health: systemHealth(buckets, onTrack, living.length),
    ...{ buckets, month, target: target.progress },
    advice: adviceOf({
      ...{ buckets, target: target.progress, losers: losers.map(({ id }) => id) },
      departments: departmentsWithAgents(money, agents),
    }),
    alerts: financeAlerts({ agents: observed(living, agents, world.time.now()), budgets: [budget], money: month }),
  };
}

/** With whether each may be judged by its money yet. */
function observed(rated: readonly Rated[], agents: readonly Agent[], now: number): AlertFacts['agents'] {
  const born = new Map(agents.map(({ id, createdAt }) => [id, createdAt]));
  return rated.map((one) => ({
    ...one,
    observed: isObserved({ createdAt: born.get(one.id) ?? 0, hasEarned: one.profitMicros + one.costMicros !== 0 }, now),
  }));
}

function countsOf(rated: readonly Rated[]): Overview['agents'] {
  const having = (state: string): number => rated.filter(({ status }) => status === state).length;
  return { total: rated.length, active: having('active'), paused: having('paused'), retired: having('retired') };
}

function monthMoney(
  { netMicros, costMicros, profitMicros }: MoneyRow,
  { from, to }: TargetProgress,
): Omit<MonthMoney, keyof HeldBack> {
  const share = costShareOf(costMicros, netMicros);
  return {
    from,
    to,
    revenueMicros: netMicros,
    costMicros,
    profitMicros,
    roiBps: roiBps(netMicros, costMicros),
    ...share,
  };
}

function departmentsWithAgents(
  money: Money,
  agents: readonly { readonly department: string; readonly status: string }[],
) {
  const living = new Set(agents.filter(({ status }) => status !== 'retired').map(({ department }) => department));
  return [...living].sort().map((id) => ({
    id,
    netMicros: money.departments.find((row) => row.id === id)?.netMicros ?? 0,
  }));
}

async function ratedAgents(world: Ports): Promise<Rated[]> {
  const members = await membersOf(world, await listAgents(world.table));
  return members.map(({ agent: { id, status }, total, sums }) => ({
    ...{ id, status, runs: total.runs, crashed: total.crashed + total.timedOut, costMicros: total.costMicros },
    profitMicros: sums.netMicros - total.costMicros,
    roiBps: roiBps(sums.netMicros, total.costMicros),
  }));
}
