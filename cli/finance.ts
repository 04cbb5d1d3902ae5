/** Costs and revenue of a period, by agent: costs from the runs' tallies, revenue from the ledger's entries. */
import { additionsOf, type Earnings, earningsFrom } from '../shared/domain/earnings.ts';
import { sumTallies } from '../shared/domain/facts.ts';
import type { Instance } from '../shared/domain/instance.ts';
import { UNATTRIBUTED_ID } from '../shared/domain/ledger.ts';
import { roiBps } from '../shared/domain/money.ts';
import { addDays, dayBounds, dayOf } from '../shared/domain/period.ts';
import type { World } from '../shared/ports/world.ts';
import { listAgents } from '../shared/store/agent-store.ts';
import { closedDays } from '../shared/store/day-store.ts';
import { listFleet } from '../shared/store/instance-store.ts';
import { entriesBetween, listEarnings } from '../shared/store/ledger-days.ts';
import { type AgentSums, sumsFrom } from './earnings.ts';
import { choice, defaulting } from './fields.ts';

export const PERIODS = ['today', 'week', 'month', 'all'] as const;
export type Period = (typeof PERIODS)[number];
export const PERIOD = defaulting(choice('today, the last 7 days, the last 30, or everything', PERIODS), 'all');

/** Dates in the owner's zone, both included; null: since the beginning. */
export type Span = {
  readonly period: Period;
  readonly from: string | null;
  readonly to: string;
  readonly timezone: string;
};

export type AgentMoney = AgentSums & {
  /** An agent, or UNATTRIBUTED_ID: money that is nobody's. */
  readonly id: string;
  readonly department: string;
  readonly status: string;
  readonly runs: number;
  readonly costMicros: number;
  readonly profitMicros: number;
  readonly roiBps: number | null;
};

export type Books = { readonly span: Span; readonly agents: readonly AgentMoney[] };

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

/** Every agent there ever was, and the unattributed bucket when anything is in it. */
export async function booksOf(world: Ports, period: Period): Promise<Books> {
  const span = spanOf(world, period);
  const [agents, instances, earnings] = await Promise.all([
    listAgents(world.table),
    listFleet(world.table),
    earningsIn(world, span),
  ]);
  const byAgent = Map.groupBy(instances, ({ agentId }) => agentId);
  const sums = new Map(earnings.map((one) => [one.agentId, sumsFrom(one)]));
  const known = await Promise.all(
    agents.map(async ({ id, department, status }) => {
      const cost = await costIn(world, { id, instances: byAgent.get(id) ?? [] }, span);
      return moneyOf({ id, department, status }, cost, sums.get(id) ?? NOTHING);
    }),
  );
  const nobody = sums.get(UNATTRIBUTED_ID);
  const bucket = { id: UNATTRIBUTED_ID, department: '', status: '' };
  return { span, agents: nobody ? [...known, moneyOf(bucket, NO_COST, nobody)] : known };
}

const NOTHING: AgentSums = { revenueMicros: 0, refundMicros: 0, feeMicros: 0, netMicros: 0 };
const NO_COST: Cost = { runs: 0, costMicros: 0 };
const DAYS: Readonly<Record<Exclude<Period, 'all'>, number>> = { today: 1, week: 7, month: 30 };

function spanOf({ time, settings: { timezone } }: Ports, period: Period): Span {
  const to = dayOf(time.now(), timezone);
  return { period, from: period === 'all' ? null : addDays(to, 1 - DAYS[period]), to, timezone };
}

/** The kept sums for everything; for less, sums of the entries. */
async function earningsIn({ table }: Ports, { from, to, timezone }: Span): Promise<Earnings[]> {
  if (from === null) return listEarnings(table);
  const entries = await entriesBetween(table, dayBounds(from, timezone).startMs, dayBounds(to, timezone).endMs);
  return [...additionsOf(entries)].map(([agentId, sums]) => earningsFrom(agentId, sums, null));
}

type Cost = { readonly runs: number; readonly costMicros: number };

async function costIn(
  { table }: Ports,
  { id, instances }: { readonly id: string; readonly instances: readonly Instance[] },
  { from, to }: Span,
): Promise<Cost> {
  if (from === null) return sumTallies(instances.map(({ total }) => total));
  const running = instances.filter(({ slice }) => slice.period >= from && slice.period <= to).map(({ day }) => day);
  const closed = (await closedDays(table, id, { from, to })).map(({ tally }) => tally);
  return sumTallies([...running, ...closed]);
}

type Whose = Pick<AgentMoney, 'id' | 'department' | 'status'>;

export function moneyOf(whose: Whose, { runs, costMicros }: Cost, sums: AgentSums): AgentMoney {
  const profitMicros = sums.netMicros - costMicros;
  return { ...whose, runs, costMicros, ...sums, profitMicros, roiBps: roiBps(sums.netMicros, costMicros) };
}

/** The same numbers of several agents as one. */
export function totalOf(id: string, agents: readonly AgentMoney[]): AgentMoney {
  const sum = (pick: (one: AgentMoney) => number): number => agents.reduce((total, one) => total + pick(one), 0);
  const sums: AgentSums = {
    revenueMicros: sum((one) => one.revenueMicros),
    refundMicros: sum((one) => one.refundMicros),
    feeMicros: sum((one) => one.feeMicros),
    netMicros: sum((one) => one.netMicros),
  };
  const cost = { runs: sum((one) => one.runs), costMicros: sum((one) => one.costMicros) };
  return moneyOf({ id, department: '', status: '' }, cost, sums);
}

/** By department; what is nobody's stands alone. */
export function byDepartment(agents: readonly AgentMoney[]): AgentMoney[] {
  const groups = Map.groupBy(agents, ({ id, department }) => department || id);
  return [...groups].map(([department, some]) => totalOf(department, some));
}

const RATINGS = [
  [50_000, 'excellent'],
  [30_000, 'good'],
  [10_000, 'fair'],
  [0, 'poor'],
] as const;

export type Rating = (typeof RATINGS)[number][1] | 'negative' | 'unknown';

/** ≥ 500 % excellent, ≥ 300 good, ≥ 100 fair, ≥ 0 poor, else negative; unknown when nothing was spent. */
export function ratingOf(bps: number | null): Rating {
  if (bps === null) return 'unknown';
  return RATINGS.find(([from]) => bps >= from)?.[1] ?? 'negative';
}
