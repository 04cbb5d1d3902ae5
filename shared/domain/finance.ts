/**
 * Questions about money, answered from entries of the ledger and days of cost. Dollars only: what has no rate is shown
 * beside them, in its own units, and is in none of the sums.
 */
import { type Earnings, earningsFrom, netMicros, sumsOfEntries } from './earnings.ts';
import { type LedgerEntry, UNATTRIBUTED_ID } from './ledger.ts';
import { roiBps } from './money.ts';

/** What one agent's runs cost on one day of the owner's zone. */
export type CostDay = {
  readonly agentId: string;
  readonly department: string;
  readonly date: string;
  readonly runs: number;
  readonly costMicros: number;
};

export type Income = {
  readonly revenueMicros: number;
  readonly refundMicros: number;
  readonly feeMicros: number;
  readonly netMicros: number;
  readonly entries: number;
  /** By currency, in its minor units: in no sum of dollars. */
  readonly unconverted: Earnings['unconverted'];
};
/** `shareBps`: of the net of all that is positive; null when nothing came in. */
export type IncomeOf = Income & { readonly id: string; readonly shareBps: number | null };

export type RevenueReport = {
  readonly total: Income;
  readonly unattributed: Income;
  readonly bySource: readonly IncomeOf[];
  readonly byAgent: readonly IncomeOf[];
  readonly byDepartment: readonly IncomeOf[];
};

/** Largest net first. @param departments agent id → department; money of nobody stands under UNATTRIBUTED_ID. */
export function revenueReport(
  entries: readonly LedgerEntry[],
  departments: ReadonlyMap<string, string>,
): RevenueReport {
  const ownerOf = ({ agentId }: LedgerEntry): string => agentId ?? UNATTRIBUTED_ID;
  const departmentOf = ({ agentId }: LedgerEntry): string =>
    agentId === null ? UNATTRIBUTED_ID : (departments.get(agentId) ?? UNATTRIBUTED_ID);
  return {
    total: incomeOf(entries),
    unattributed: incomeOf(entries.filter(({ agentId }) => agentId === null)),
    bySource: incomeBy(entries, ({ source }) => source),
    byAgent: incomeBy(entries, ownerOf),
    byDepartment: incomeBy(entries, departmentOf),
  };
}

export function incomeOf(entries: readonly LedgerEntry[]): Income {
  const sums = earningsFrom('', sumsOfEntries(entries), null);
  const { revenueMicros, refundMicros, feeMicros, entries: count, unconverted } = sums;
  return { revenueMicros, refundMicros, feeMicros, netMicros: netMicros(sums), entries: count, unconverted };
}

function incomeBy(entries: readonly LedgerEntry[], nameOf: (entry: LedgerEntry) => string): IncomeOf[] {
  const rows = [...Map.groupBy(entries, nameOf)].map(([id, some]) => ({ id, ...incomeOf(some) }));
  const positive = rows.reduce((sum, row) => sum + Math.max(0, row.netMicros), 0);
  const shared = rows.map((row) => ({ ...row, shareBps: shareBps(row.netMicros, positive) }));
  return shared.filter(isSomething).sort(byMost((row) => row.netMicros));
}

/** An agent from whom everything was moved away by adjustments is not a line of nothing. */
const isSomething = (row: Income): boolean =>
  row.entries !== 0 || row.netMicros !== 0 || row.revenueMicros !== 0 || Object.keys(row.unconverted).length > 0;

function shareBps(part: number, whole: number): number | null {
  if (whole <= 0) return null;
  return part <= 0 ? 0 : Number((BigInt(part) * 10_000n) / BigInt(whole));
}

export type CostOf = { readonly id: string; readonly runs: number; readonly costMicros: number };
export type CostReport = {
  readonly runs: number;
  readonly costMicros: number;
  readonly byAgent: readonly CostOf[];
  readonly byDepartment: readonly CostOf[];
};

/** The dearest first. */
export function costReport(days: readonly CostDay[]): CostReport {
  const { runs, costMicros } = costOf('', days);
  const by = (nameOf: (day: CostDay) => string): CostOf[] =>
    [...Map.groupBy(days, nameOf)].map(([id, some]) => costOf(id, some)).sort(byMost((row) => row.costMicros));
  return { runs, costMicros, byAgent: by(({ agentId }) => agentId), byDepartment: by(({ department }) => department) };
}

function costOf(id: string, days: readonly CostDay[]): CostOf {
  const sum = (pick: (day: CostDay) => number): number => days.reduce((total, day) => total + pick(day), 0);
  return { id, runs: sum(({ runs }) => runs), costMicros: sum(({ costMicros }) => costMicros) };
}

export type RoiRow = CostOf & {
  readonly netMicros: number;
  readonly profitMicros: number;
  readonly roiBps: number | null;
};

/** Whoever earned or cost anything, the most profitable first; ROI is null where nothing was spent. */
export function roiTable(income: readonly IncomeOf[], costs: readonly CostOf[]): RoiRow[] {
  const earned = new Map(income.map((row) => [row.id, row.netMicros]));
  const spent = new Map(costs.map((row) => [row.id, row]));
  const rows = [...new Set([...earned.keys(), ...spent.keys()])].map((id): RoiRow => {
    const { runs, costMicros } = spent.get(id) ?? { runs: 0, costMicros: 0 };
    const net = earned.get(id) ?? 0;
    return { id, runs, costMicros, netMicros: net, profitMicros: net - costMicros, roiBps: roiBps(net, costMicros) };
  });
  return rows.sort(byMost((row) => row.profitMicros));
}

/** The best by profit, losers left out, with their share of the profit of all who made any. */
export function topPerformers(rows: readonly RoiRow[], limit = 5): (RoiRow & { readonly shareBps: number | null })[] {
  const winners = rows.filter(({ id, profitMicros }) => profitMicros > 0 && id !== UNATTRIBUTED_ID);
  const whole = winners.reduce((sum, { profitMicros }) => sum + profitMicros, 0);
  const best = [...winners].sort(byMost((row) => row.profitMicros)).slice(0, limit);
  return best.map((row) => ({ ...row, shareBps: shareBps(row.profitMicros, whole) }));
}

export type TimelineDay = {
  readonly date: string;
  readonly netMicros: number;
  readonly costMicros: number;
  readonly profitMicros: number;
  readonly entries: number;
  readonly runs: number;
};

/** One row per date, in their order, also for dates on which nothing happened. `dateOf`: the owner's date of a moment. */
export function timeline(
  dates: readonly string[],
  money: { readonly entries: readonly LedgerEntry[]; readonly costs: readonly CostDay[] },
  dateOf: (at: number) => string,
): TimelineDay[] {
  const entries = Map.groupBy(money.entries, ({ at }) => dateOf(at));
  const costs = Map.groupBy(money.costs, ({ date }) => date);
  return dates.map((date) => {
    const income = incomeOf(entries.get(date) ?? []);
    const { runs, costMicros } = costOf(date, costs.get(date) ?? []);
    const profitMicros = income.netMicros - costMicros;
    return { date, netMicros: income.netMicros, costMicros, profitMicros, entries: income.entries, runs };
  });
}

function byMost<Row extends { readonly id: string }>(pick: (row: Row) => number): (a: Row, b: Row) => number {
  return (a, b) => pick(b) - pick(a) || (a.id < b.id ? -1 : 1);
}
